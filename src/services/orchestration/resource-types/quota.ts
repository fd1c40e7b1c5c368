import type { Microversion } from "../../../kernel/http/microversion.ts";
import type { Facades } from "../../../kernel/module.ts";
import { valueMistake } from "../language/mistakes.ts";
import type { Schemata } from "../language/schema.ts";
import { given, idOf, orGone } from "./asking.ts";
import type { ResourceType, Run } from "./types.ts";

export interface QuotaOptions {
  readonly name: string;
  readonly className: string;
  readonly service: { readonly name: keyof Facades; readonly client: string };
  /** "quota-sets": its records are "quota-sets:update" and so on. */
  readonly records: string;
  /** What bodies wrap it in. */
  readonly key: string;
  readonly parameter: string;
  readonly microversion?: Microversion;
  /** What is limited → what it is, in the order in which heat names them. */
  readonly limits: Readonly<Record<string, string>>;
  /** Taken and left alone: nova knows them no longer. */
  readonly former?: Readonly<Record<string, string>>;
}

const limit = (description: string) =>
  ({ type: "integer", update_allowed: true, constraints: [{ range: { min: -1 } }], description }) as const;

const schemata = (limits: Readonly<Record<string, string>>): Schemata =>
  Object.fromEntries(Object.entries(limits).map(([name, what]) => [name, limit(`${what}; -1 is no limit.`)]));

/** How much of things a project may have. When it goes, what holds for all holds for the project again. */
export function quota(options: QuotaOptions): ResourceType {
  const { records, key, parameter, limits, former = {}, microversion } = options;
  const speaking = microversion === undefined ? {} : { microversion };
  const of = async (run: Run) => ({
    ...speaking,
    params: { [parameter]: await idOf(run, "project", String(run.properties.project)) },
  });
  const set = async (run: Run) => {
    const wanted = Object.fromEntries(Object.keys(limits).map((name) => [name, run.properties[name]]));
    const { name } = options.service;
    await run.call(name, `${records}:update`, { ...(await of(run)), body: { [key]: given(wanted) } });
  };
  return {
    name: options.name,
    className: options.className,
    service: options.service,
    support: { version: "8.0.0" },
    adminOnly: true,
    description: "How much of things a project may have.",
    properties: {
      project: {
        type: "string",
        required: true,
        constraints: [{ custom_constraint: "keystone.project" }],
        description: "The project, by id or name.",
      },
      ...schemata(limits),
      ...schemata(former),
    },
    attributes: {},
    validate({ properties: { project: _project, ...others } }) {
      if (Object.keys(given(others)).length > 0) return;
      const names = [...Object.keys(limits), ...Object.keys(former)].join(", ");
      throw valueMistake(`At least one of the following properties must be specified: ${names}.`);
    },
    async create(run) {
      await set(run);
      run.setPhysicalId(run.physicalName());
    },
    update: set,
    async delete(run) {
      if (run.physicalId === null) return;
      const place = await orGone(() => of(run));
      if (place !== null) await orGone(() => run.call(options.service.name, `${records}:delete`, place));
    },
  };
}
