import { valueMistake } from "../../language/mistakes.ts";
import { given, idOrNull, nameOf } from "../asking.ts";
import type { ResourceType, Run, Values } from "../types.ts";
import { changeable, of, rest, setTags, tags, text } from "./rest.ts";

interface Bounds {
  readonly min_prefixlen: number | null;
  readonly default_prefixlen: number | null;
  readonly max_prefixlen: number | null;
}

const length = (description: string) =>
  ({ type: "integer", update_allowed: true, constraints: [{ range: { min: 0 } }], description }) as const;

const scopeOf = async (run: Run, scope: unknown) => idOrNull(run, "address_scope", scope as string | null);

const common = rest({
  kind: "subnetpool",
  async body(run) {
    const { address_scope, tags: _tags, ...others } = run.properties as Values;
    return given({ ...others, name: nameOf(run), address_scope_id: await scopeOf(run, address_scope) });
  },
  async changes(run, { address_scope, tags: _tags, name, ...others }) {
    return {
      ...others,
      ...(name === undefined ? {} : { name: nameOf(run) }),
      ...(address_scope === undefined ? {} : { address_scope_id: await scopeOf(run, address_scope) }),
    };
  },
});

export const subnetPool: ResourceType = {
  name: "OS::Neutron::SubnetPool",
  support: { version: "6.0.0" },
  description: "Prefixes of which subnets are cut.",
  properties: {
    name: { ...changeable, description: "Its name." },
    prefixes: {
      type: "list",
      required: true,
      update_allowed: true,
      constraints: [{ length: { min: 1 } }],
      items: { type: "string", constraints: [{ custom_constraint: "net_cidr" }] },
      description: "Its prefixes.",
    },
    address_scope: { ...of("neutron.address_scope"), update_allowed: true, description: "An address scope." },
    default_quota: length("How much of it a project may have."),
    default_prefixlen: length("The length of a subnet's prefix where none is asked for."),
    min_prefixlen: length("The shortest prefix of a subnet."),
    max_prefixlen: length("The longest prefix of a subnet."),
    is_default: {
      type: "boolean",
      default: false,
      update_allowed: true,
      description: "Whether subnets are cut of it where no pool is named.",
    },
    tenant_id: { ...text, description: "Whose it is; only administrators may say so." },
    shared: { type: "boolean", default: false, description: "Whether all projects may use it." },
    tags,
  },
  attributes: {},
  validate({ properties }) {
    const bounds = properties as unknown as Bounds;
    for (const [high, low] of [
      ["max_prefixlen", "min_prefixlen"],
      ["max_prefixlen", "default_prefixlen"],
      ["default_prefixlen", "min_prefixlen"],
    ] as const) {
      const [most, least] = [bounds[high], bounds[low]];
      if (most && least && least > most) {
        throw valueMistake(`Illegal prefix bounds: ${high}=${most}, ${low}=${least}.`);
      }
    }
  },
  ...common,
  isCreated: async (run) => {
    await setTags(run, "subnetpools", (run.properties as Values).tags);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.tags !== undefined) await setTags(run, "subnetpools", changed.tags ?? []);
  },
};
