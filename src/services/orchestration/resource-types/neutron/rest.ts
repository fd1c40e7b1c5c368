import { given, lost, orGone } from "../asking.ts";
import type { Made, ResourceType, Run, Values } from "../types.ts";

/** What types of neutron have in common: a thing of one kind that is made, changed, shown and deleted by its records. */
export interface RestOptions {
  /** "network"; its records are "networks:create" and so on. */
  readonly kind: string;
  readonly plural?: string;
  /** The body of a create. */
  body(run: Run): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** The body of an update for changed properties; absent: the changed ones as they are. */
  changes?(run: Run, changed: Values): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** Names by which its attributes are called there. */
  readonly attributeNames?: Readonly<Record<string, string>>;
  /** Done when its status is not one of these: BUILD, and for ports DOWN is done. */
  readonly hasStatus?: boolean;
}

/** What tells one that a crash left from others. */
const FOUND_BY = [
  "name",
  "network_id",
  "floating_network_id",
  "security_group_id",
  "direction",
  "ethertype",
  "protocol",
  "object_type",
  "object_id",
  "target_tenant",
];

type Thing = Readonly<Record<string, unknown>> & { readonly id: string };

export interface Rest {
  show(made: Pick<Made, "call" | "physicalId">): Promise<Thing | null>;
}

export function rest(options: RestOptions) {
  const { kind, plural = `${kind}s`, attributeNames = {} } = options;
  const call = <Body>(made: Pick<Made, "call">, verb: string, input: object = {}): Promise<Body> =>
    made.call<Body>("network", `${plural}:${verb}`, input);
  const thingOf = (id: string) => ({ params: { id } });
  const show = async (made: Pick<Made, "call" | "physicalId">): Promise<Thing | null> => {
    const { physicalId } = made;
    if (physicalId === null) return null;
    const body = await orGone(() => call<Record<string, Thing>>(made, "show", thingOf(physicalId)));
    return body?.[kind] ?? null;
  };
  return {
    service: { name: "network", client: "neutron" },
    async create(run) {
      if (run.physicalId !== null) return;
      const body = given(await options.body(run));
      const left = await lost(run, async () => {
        const query = Object.fromEntries(
          FOUND_BY.flatMap((key) => (typeof body[key] === "string" ? [[key, body[key]]] : [])),
        );
        return (await call<Record<string, Thing[]>>(run, "list", { query }))[plural] ?? [];
      });
      if (left !== null) return run.setPhysicalId(left);
      const made = await call<Record<string, Thing>>(run, "create", { body: { [kind]: body } });
      run.setPhysicalId(made[kind]?.id ?? null);
    },
    async update(run, changed) {
      const { physicalId } = run;
      const body = options.changes === undefined ? { ...changed } : await options.changes(run, changed);
      if (physicalId === null || Object.keys(body).length === 0) return;
      await call(run, "update", { ...thingOf(physicalId), body: { [kind]: body } });
    },
    async delete(run) {
      const { physicalId } = run;
      if (physicalId !== null) await orGone(() => call(run, "delete", thingOf(physicalId)));
    },
    async check(run) {
      const thing = await show(run);
      if (thing === null) throw new Error(`${kind} is gone`);
    },
    show,
    async attribute(made, name) {
      const thing = await show(made);
      return thing?.[attributeNames[name] ?? name] ?? null;
    },
  } satisfies Partial<ResourceType>;
}

/** Tags are set by records of their own. */
export async function setTags(run: Run, plural: string, tags: unknown): Promise<void> {
  if (!Array.isArray(tags) || run.physicalId === null) return;
  await run.call("network", `${plural}:tags:replace`, { params: { id: run.physicalId }, body: { tags } });
}

/** With what a user adds beside the schema. */
export const withSpecs = (body: Record<string, unknown>, specs: unknown): Record<string, unknown> => ({
  ...body,
  ...(typeof specs === "object" ? (specs as Record<string, unknown>) : {}),
});

export const text = { type: "string" } as const;
export const changeable = { type: "string", update_allowed: true } as const;
export const ipAddress = { type: "string", constraints: [{ custom_constraint: "ip_addr" }] } as const;
export const of = (constraint: string) =>
  ({ type: "string", constraints: [{ custom_constraint: constraint }] }) as const;
export const valueSpecs = {
  type: "map",
  default: {},
  update_allowed: true,
  description: "Further attributes, as neutron takes them.",
} as const;
export const tags = {
  type: "list",
  update_allowed: true,
  items: { type: "string" },
  description: "Its tags.",
} as const;
