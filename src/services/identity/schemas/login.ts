import type { JsonSchema } from "../../../kernel/http/route.ts";
import type { LoginRequest } from "../manager/login.ts";

export interface LoginBody {
  auth: LoginRequest;
}

const text = { type: "string" };
const domain = { type: "object", properties: { id: text, name: text } };
const reference = { type: "object", properties: { id: text, name: text, domain } };

export const loginSchema: JsonSchema = {
  type: "object",
  properties: {
    auth: {
      type: "object",
      properties: {
        identity: {
          type: "object",
          properties: {
            methods: { type: "array", items: text, minItems: 1 },
            password: {
              type: "object",
              properties: {
                user: {
                  type: "object",
                  properties: { ...reference.properties, password: { type: "string", maxLength: 4096 } },
                  required: ["password"],
                },
              },
              required: ["user"],
            },
            token: { type: "object", properties: { id: text }, required: ["id"] },
            application_credential: {
              type: "object",
              properties: { id: text, name: text, secret: { type: "string", maxLength: 4096 }, user: reference },
              required: ["secret"],
            },
          },
          required: ["methods"],
        },
        scope: {
          type: ["object", "string"],
          properties: {
            project: reference,
            domain,
            system: { type: "object", properties: { all: { type: "boolean" } } },
            "OS-TRUST:trust": { type: "object", properties: { id: text }, required: ["id"] },
          },
        },
      },
      required: ["identity"],
    },
  },
  required: ["auth"],
};
