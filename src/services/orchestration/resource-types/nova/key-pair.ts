import { ApiError } from "../../../../kernel/errors.ts";
import { valueMistake } from "../../language/mistakes.ts";
import { given, NOVA, orGone } from "../asking.ts";
import type { Made, ResourceType, Values } from "../types.ts";

type KeyPair = Readonly<Record<string, unknown>>;

async function keyPairOf({ call, physicalId }: Pick<Made, "call" | "physicalId">): Promise<KeyPair | null> {
  if (physicalId === null) return null;
  const body = await orGone(() =>
    call<{ keypair: KeyPair }>("compute", "keypairs:show", { ...NOVA, params: { name: physicalId } }),
  );
  return body?.keypair ?? null;
}

export const keyPair: ResourceType = {
  name: "OS::Nova::KeyPair",
  service: { name: "compute", client: "nova" },
  support: { version: "2014.1" },
  description: "A public key that servers get.",
  properties: {
    name: { type: "string", required: true, constraints: [{ length: { min: 1, max: 255 } }], description: "Its name." },
    save_private_key: {
      type: "boolean",
      default: false,
      description: "Whether the private key is kept where it is made here.",
    },
    public_key: { type: "string", description: "The public key." },
    type: { type: "string", constraints: [{ allowed_values: ["ssh", "x509"] }], description: "Which kind of key." },
    user: {
      type: "string",
      constraints: [{ custom_constraint: "keystone.user" }],
      description: "Whose it is; only administrators may say so.",
    },
  },
  attributes: {
    public_key: { type: "string", description: "The public key." },
    private_key: { type: "string", description: "The private key, where it was made and kept here." },
  },
  validate({ properties }) {
    if ((properties as Values).public_key === null) {
      throw valueMistake("The public_key property is required by the nova API version currently used.");
    }
  },
  async create(run) {
    if (run.physicalId !== null) return;
    const { name, public_key, type, user } = run.properties as Values;
    const again = run.data.attempted === true;
    if (!again) run.setData("attempted", true);
    const mine =
      again && !run.isHeld(String(name)) ? await keyPairOf({ call: run.call, physicalId: String(name) }) : null;
    if (mine === null) {
      const body = { keypair: given({ name, public_key, type, user_id: user }) };
      await run.call("compute", "keypairs:create", { ...NOVA, body });
    }
    run.setPhysicalId(String(name));
  },
  async delete(run) {
    const { physicalId } = run;
    if (physicalId !== null)
      await orGone(() => run.call("compute", "keypairs:delete", { ...NOVA, params: { name: physicalId } }));
  },
  async check(run) {
    if ((await keyPairOf(run)) === null) throw new ApiError(404, `Keypair ${run.physicalId} not found`);
  },
  reference: ({ physicalId, properties }) => physicalId ?? (properties as Values).name,
  show: keyPairOf,
  async attribute(made, name) {
    if (name === "private_key") return "";
    return (await keyPairOf(made))?.[name] ?? null;
  },
};
