import type { ServiceDeclaration } from "./declaration.ts";
import type { Language } from "./language.ts";
import type { Resolver } from "./resolve.ts";
import type { Settings } from "./settings.ts";
import type { Evaluation } from "./shell/evaluate.ts";

/** Sorts services so that each comes behind those it needs and uses; apart from that in the given order. */
export function startOrder(declarations: readonly ServiceDeclaration[]): readonly ServiceDeclaration[] {
  const sorted = new Set<ServiceDeclaration>();
  const add = (one: ServiceDeclaration, behind: readonly ServiceDeclaration[]): void => {
    if (behind.includes(one)) throw new Error(`services need each other: ${[...behind, one].map(({ name }) => name)}`);
    for (const name of [...one.needs, ...(one.uses ?? [])]) {
      const other = declarations.find((declaration) => declaration.name === name);
      if (other !== undefined && !sorted.has(other)) add(other, [...behind, one]);
    }
    sorted.add(one);
  };
  for (const one of declarations) if (!sorted.has(one)) add(one, []);
  return [...sorted];
}

/** A service without one that it needs is a mistake, told where that one was left out. */
export function checkNeeds(
  { declarations }: Language,
  { services }: Settings,
  r: Resolver,
  evaluation: Pick<Evaluation, "offAt">,
): void {
  const list = r.origin("ENABLED_SERVICES");
  for (const { name, devstack } of declarations) {
    if (services.includes(name) || devstack === undefined) continue;
    const wanting = declarations.filter((one) => services.includes(one.name) && one.needs.includes(name));
    if (wanting.length === 0) continue;
    const [api = ""] = devstack.api;
    const off = evaluation.offAt(api);
    const names = wanting.map((one) => one.name);
    const who = names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
    const without = wanting.flatMap((one) => one.devstack?.project ?? []);
    r.problems.push({
      ...list,
      line: off ?? list.line,
      column: off === null ? list.column : null,
      message: `${who} ${names.length === 1 ? "needs" : "need"} ${name}, and ${api} is not enabled`,
      hint: `enable_service ${api}, or disable_service ${without.join(" ")}`,
    });
  }
}

/** Neither is a list without any a cloud, where nothing else is wrong that explains it (a second compute node's). */
export function checkNotEmpty({ services }: Settings, r: Resolver): void {
  if (services.length > 0 || r.problems.length > 0) return;
  r.problem(
    "ENABLED_SERVICES",
    "no service is enabled, so there would be no cloud",
    "enable_service key and what else is wanted, or leave the list out to have all",
  );
}
