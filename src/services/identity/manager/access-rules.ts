import type { Identity } from "../../../kernel/auth/context.ts";
import { compilePattern, type Pattern } from "../../../kernel/text/pattern.ts";
import type { AccessRuleRow } from "../store/rows.ts";

/**
 * Access rules as keystonemiddleware reads them: a service type, a method, and a path in which "*" and "{name}" stand for
 * one segment and "**" for any number. What no rule names is refused.
 */
export function accessCheck(rules: readonly AccessRuleRow[]): NonNullable<Identity["mayCall"]> {
  const tests = rules.map(({ service, method, path }) => ({ service, method, path: pathPattern(path) }));
  return (serviceTypes, method, path) =>
    tests.some(
      (rule) => rule.method === method && serviceTypes.includes(rule.service) && rule.path?.test(path) === true,
    );
}

/** A matcher that cannot backtrack: users write these paths, and many "**" would keep JavaScript's own busy for minutes. */
function pathPattern(path: string): Pattern | null {
  const source = path
    .split(/(\*\*|\*|\{[^/}]*\})/)
    .map((part) => {
      if (part === "**") return ".*";
      if (part === "*" || (part.startsWith("{") && part.endsWith("}"))) return "[^/]+";
      return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    })
    .join("");
  return compilePattern(`^${source}$`);
}
