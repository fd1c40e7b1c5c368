/** What a backend tells of itself: cinder's pool capabilities. */
export type Capability =
  | string
  | number
  | boolean
  | null
  | readonly Capability[]
  | { readonly [key: string]: Capability };
export type Capabilities = Readonly<Record<string, Capability>>;

const truthy = (value: unknown): boolean => /^(?:t|true|on|y|yes|1)$/.test(String(value).trim().toLowerCase());

/** Python's float(): null for what is no number. */
function float(value: Capability): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

type Compare = (value: Capability, wanted: string) => boolean;

const numbers =
  (compare: (a: number, b: number) => boolean): Compare =>
  (value, wanted) => {
    const [a, b] = [float(value), float(wanted)];
    return a !== null && b !== null && compare(a, b);
  };
const texts =
  (compare: (a: string, b: string) => boolean): Compare =>
  (value, wanted) =>
    typeof value === "string" && compare(value, wanted);

/** cinder/scheduler/filters/extra_specs_ops.py; `=` is `>=` there, too. */
const OPERATORS: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ["=", numbers((a, b) => a >= b)],
  ["==", numbers((a, b) => a === b)],
  ["!=", numbers((a, b) => a !== b)],
  [">=", numbers((a, b) => a >= b)],
  ["<=", numbers((a, b) => a <= b)],
  ["<in>", texts((a, b) => a.includes(b))],
  ["<is>", (value, wanted) => truthy(value) === truthy(wanted)],
  ["s==", texts((a, b) => a === b)],
  ["s!=", texts((a, b) => a !== b)],
  ["s<", texts((a, b) => a < b)],
  ["s<=", texts((a, b) => a <= b)],
  ["s>", texts((a, b) => a > b)],
  ["s>=", texts((a, b) => a >= b)],
]);

function matches(value: Capability, wanted: string): boolean {
  const [operator = "", ...words] = wanted.split(/\s+/).filter((word) => word !== "");
  if (operator === "<or>") return words.some((word, index) => index % 2 === 0 && word === value);
  const compare = OPERATORS.get(operator);
  if (compare === undefined) return value === wanted;
  return value !== null && words[0] !== undefined && compare(value, words[0]);
}

/** "a:b" of nested capabilities; undefined for what is not told. */
function find(capabilities: Capabilities, path: readonly string[]): Capability | undefined {
  let found: unknown = capabilities;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found as Capability;
}

/**
 * Whether a backend can serve a volume type (cinder/scheduler/filters/capabilities_filter.py): each extra spec without a scope, or
 * in the scope "capabilities", has to match what the backend tells; one that it does not tell of matches nothing.
 */
export function satisfies(capabilities: Capabilities, extraSpecs: Readonly<Record<string, string>>): boolean {
  return Object.entries(extraSpecs).every(([key, wanted]) => {
    const scope = key.split(":");
    if (scope.length > 1 && scope[0] !== "capabilities") return true;
    const value = find(capabilities, scope[0] === "capabilities" ? scope.slice(1) : scope);
    if (value === undefined) return false;
    const values: readonly Capability[] = Array.isArray(value) ? value : [value];
    return values.some((one) => matches(one, wanted));
  });
}
