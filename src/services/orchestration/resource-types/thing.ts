import type { Microversion } from "../../../kernel/http/microversion.ts";
import type { Facades } from "../../../kernel/module.ts";
import { given, lost, orGone } from "./asking.ts";
import type { Made, ResourceType, Run, Values } from "./types.ts";

/** What types have in common that stand for one thing of a service's API, made, changed, shown and deleted by its records. */
export interface ThingOptions {
  readonly service: { readonly name: keyof Facades; readonly client: string };
  /** What bodies wrap it in: "project"; its records are "projects:create" and so on. */
  readonly key: string;
  readonly records?: string;
  /** The key of its list; as `records` otherwise. */
  readonly plural?: string;
  /** What its path calls the id: "project_id". */
  readonly parameter: string;
  readonly microversion?: Microversion;
  readonly create?: string;
  /** The body of a create. */
  body(run: Run): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** The body of an update; empty where nothing of it is the service's own. Absent: nothing is. */
  changes?(run: Run, changed: Values): Promise<Record<string, unknown>> | Record<string, unknown>;
}

export type Thing = Readonly<Record<string, unknown>> & { readonly id: string | number };

export function thing(options: ThingOptions) {
  const { service, key, records = `${key}s`, plural = records, parameter, microversion } = options;
  const speaking = microversion === undefined ? {} : { microversion };
  const call = <Body>(made: Pick<Made, "call">, verb: string, input: object = {}): Promise<Body> =>
    made.call<Body>(service.name, `${records}:${verb}`, { ...speaking, ...input });
  const of = (id: string) => ({ params: { [parameter]: id } });
  const show = async (made: Pick<Made, "call" | "physicalId">): Promise<Thing | null> => {
    const { physicalId } = made;
    if (physicalId === null) return null;
    const body = await orGone(() => call<Record<string, Thing>>(made, "show", of(physicalId)));
    return body?.[key] ?? null;
  };
  return {
    service,
    async create(run: Run) {
      if (run.physicalId !== null) return;
      const body = given(await options.body(run));
      const left = await lost(run, async () => {
        const { name } = body;
        const query = service.name === "identity" && typeof name === "string" ? { name } : {};
        const listed = await call<Record<string, (Thing & { name?: string })[]>>(run, "list", { query });
        return (listed[plural] ?? []).filter((one) => one.name === name).map((one) => ({ id: String(one.id) }));
      });
      if (left !== null) return run.setPhysicalId(left);
      const made = await call<Record<string, Thing>>(run, options.create ?? "create", { body: { [key]: body } });
      run.setPhysicalId(String(made[key]?.id));
    },
    async update(run: Run, changed: Values) {
      const { physicalId } = run;
      const body = (await options.changes?.(run, changed)) ?? {};
      if (physicalId === null || Object.keys(body).length === 0) return;
      await call(run, "update", { ...of(physicalId), body: { [key]: body } });
    },
    async delete(run: Run) {
      const { physicalId } = run;
      if (physicalId !== null) await orGone(() => call(run, "delete", of(physicalId)));
    },
    async check(run: Run) {
      if ((await show(run)) === null) throw new Error(`${key} is gone`);
    },
    show,
    attribute: async (made: Made, name: string): Promise<unknown> => (await show(made))?.[name] ?? null,
  } satisfies Partial<ResourceType>;
}

/** Those of the changed properties that have these names. */
export const only = (changed: Values, ...names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.filter((name) => changed[name] !== undefined).map((name) => [name, changed[name]]));

/** What is in one list and not in another. */
export const without = <T>(list: readonly T[], others: readonly T[]): T[] =>
  list.filter((one) => !others.includes(one));
