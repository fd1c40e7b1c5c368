import { valueMistake } from "../../language/mistakes.ts";
import { idOf, idOrNull, orGone } from "../asking.ts";
import type { Run, Values } from "../types.ts";
import { of } from "./thing.ts";

/** Roles of a user or a group, given and taken as a list of them changes. */

interface Wish {
  readonly role: string;
  readonly project: string | null;
  readonly domain: string | null;
}

export const roles = {
  type: "list",
  update_allowed: true,
  description: "Its roles.",
  items: {
    type: "map",
    fields: {
      role: { ...of("role"), required: true, description: "A role, by id or name." },
      project: { ...of("project"), description: "The project that it is on." },
      domain: { ...of("domain"), description: "The domain that it is on." },
    },
  },
} as const;

export function validateRoles(properties: Values): void {
  for (const { role, project, domain } of wishesOf(properties)) {
    if (project !== null && domain !== null) {
      throw valueMistake("Cannot define the following properties at the same time: project, domain.");
    }
    if (project === null && domain === null) {
      throw valueMistake(`Either project or domain must be specified for role ${role}`);
    }
  }
}

const wishesOf = (properties: Values): readonly Wish[] => (properties.roles as readonly Wish[] | null) ?? [];

type Actor = "user" | "group";

interface Grant {
  readonly record: string;
  readonly params: { readonly target_id: string; readonly actor_id: string; readonly role_id: string };
}

async function grantOf(run: Run, actor: Actor, id: string, { role, project, domain }: Wish): Promise<Grant> {
  const target = project !== null ? "project" : "domain";
  const target_id = (await idOrNull(run, target, project ?? domain)) ?? "";
  const role_id = await idOf(run, "role", role);
  return { record: `${target}-${actor}-grants`, params: { target_id, actor_id: id, role_id } };
}

const grantsOf = (run: Run, actor: Actor, id: string, properties: Values): Promise<Grant[]> =>
  Promise.all(wishesOf(properties).map((wish) => grantOf(run, actor, id, wish)));

const keyOf = ({ record, params }: Grant): string => `${record} ${params.target_id} ${params.role_id}`;

/** Gives those of `now` and takes those of `before` that are not among them. Giving twice is no error. */
export async function setRoles(run: Run, actor: Actor, id: string, now: Values, before: Values = {}): Promise<void> {
  const wanted = await grantsOf(run, actor, id, now);
  const kept = new Set(wanted.map(keyOf));
  for (const wish of wishesOf(before)) {
    // With the role or the project the grant has gone.
    const grant = await orGone(() => grantOf(run, actor, id, wish));
    if (grant !== null && !kept.has(keyOf(grant))) await take(run, grant);
  }
  for (const { record, params } of wanted) await run.call("identity", `${record}:create`, { params });
}

const take = (run: Run, { record, params }: Grant) =>
  orGone(() => run.call("identity", `${record}:revoke`, { params }));
