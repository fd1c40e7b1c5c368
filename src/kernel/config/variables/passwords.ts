import { password } from "../types.ts";
import { variable } from "../variable.ts";

export const passwordVariables = {
  ADMIN_PASSWORD: variable({
    type: password,
    default: "",
    derived: "generated, kept in .localrc.password",
    secret: true,
    meaning: "Password of admin, demo and all other seeded users; any characters.",
  }),
  SERVICE_PASSWORD: variable({
    type: password,
    default: ({ get }) => get("ADMIN_PASSWORD"),
    derived: "ADMIN_PASSWORD",
    secret: true,
    meaning: "Password of the services' own users.",
  }),
};
