import type { Warning } from "../kernel/warnings/warnings.ts";

const PORT = "port-taken:";

/** Warnings for people: nine taken ports are one thing to know, not nine. */
export function groupedWarnings(warnings: readonly Warning[]): Pick<Warning, "key" | "message" | "hint">[] {
  const taken = warnings.filter(({ key }) => key.startsWith(PORT));
  const others = warnings.filter(({ key }) => !key.startsWith(PORT));
  if (taken.length < 2) return [...warnings];
  const ports = taken.map(({ key }) => Number(key.slice(PORT.length))).sort((one, other) => one - other);
  const hints = [...new Set(taken.map(({ hint }) => hint))];
  const message = `ports ${ports.join(", ")} are taken by other programs (ss -ltnp names them)`;
  return [...others, { key: `${PORT}${ports.join(",")}`, message, hint: hints.join("\n") }];
}
