import type { Identity } from "../../../kernel/auth/context.ts";
import { compilePattern, type Pattern } from "../../../kernel/text/pattern.ts";
import type { AccessRuleRow } from "../store/rows.ts";

/** The version of access rules that validators must know (keystone/models/token_model.py ACCESS_RULES_MIN_VERSION). */
const MIN_VERSION = 1;

/**
 * Whether who asks about a token enforces access rules, as the header OpenStack-Identity-Access-Rules says. To anybody else
 * a token that has such rules is unknown: it would be taken for more than it is (keystone/token/provider.py
 * `_validate_token_access_rules`).
 */
export const enforcesAccessRules = (headers: Headers): boolean =>
  Number.parseFloat(headers.get("openstack-identity-access-rules") ?? "") >= MIN_VERSION;

/**
 * Access rules as keystonemiddleware reads them: a service type, a method, and a path in which "*" and "{name}" stand for
 * one segment and "**" for any number. What no rule names is refused, but for asking about a token
 * (keystonemiddleware/auth_token/__init__.py `validate_allowed_request`).
 */
export function accessCheck(rules: readonly AccessRuleRow[]): NonNullable<Identity["mayCall"]> {
  const tests = rules.map(({ service, method, path }) => ({ service, method, path: pathPattern(path) }));
  return (serviceTypes, method, path) =>
    (serviceTypes.includes("identity") && method === "GET" && path.endsWith("/v3/auth/tokens")) ||
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
