import type { Warning } from "../kernel/warnings/warnings.ts";

const PORT = "port-taken:";

/** Warnings for people: nine taken ports are one thing to know, not nine. */
export function groupedWarnings(warnings: readonly Warning[]): Pick<Warning, "key" | "message" | "hint">[] {
  const taken = warnings.filter(({ key }) => key.startsWith(PORT));
  const others = warnings.filter(({ key }) => !key.startsWith(PORT));
  if (taken.length < 2) return [...warnings];
  const ports = taken
    .map(({ key }) => key.slice(PORT.length))
    .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
  const kinds = ports.some((port) => port.endsWith("/udp")) ? "tu" : "t";
  const hints = [...new Set(taken.map(({ hint }) => hint))];
  const message = `ports ${ports.join(", ")} are taken by other programs (ss -l${kinds}np names them)`;
  return [...others, { key: `${PORT}${ports.join(",")}`, message, hint: hints.join("\n") }];
}
