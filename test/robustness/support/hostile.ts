import fc from "fast-check";
import type { Json } from "../../support/json.ts";

/** Where `resolve` finds what its markers stand for. */
export interface Known {
  pool: readonly string[];
  ids: Readonly<Record<string, string>>;
}

/** Puts ids in place of "@@7@@" (the seventh of the pool) and "@@network@@" (the one of that kind). */
export function resolve<T>(value: T, known: Known): T {
  if (typeof value === "string") {
    return value.replaceAll(/@@([\w ]+)@@/g, (_, name) =>
      /^\d+$/.test(name)
        ? (known.pool[Number(name) % known.pool.length] ?? "")
        : (known.ids[name] ?? known.pool[name.length] ?? ""),
    ) as T;
  }
  if (Array.isArray(value)) return value.map((item) => resolve(item, known)) as T;
  if (typeof value !== "object" || value === null) return value;
  const copy: Json = {};
  for (const [key, item] of Object.entries(value)) put(copy, key, resolve(item, known));
  return copy;
}

/** An assignment that makes "__proto__" an ordinary key, as JSON.parse does. */
export function put(object: Json, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

export const realId: fc.Arbitrary<string> = fc.nat(10_000).map((n) => `@@${n}@@`);

const STRINGS = [
  "",
  " ",
  "-1",
  "0",
  "1",
  "1.5",
  "1e9",
  "99999999999999999999",
  "9223372036854775808",
  "NaN",
  "Infinity",
  "null",
  "true",
  "None",
  "\0",
  "a\0b",
  "\u202eevil\u2066",
  "\ud800",
  "\uffff",
  "😀",
  "é",
  "\r\nX-Injected: 1",
  "\t",
  "%",
  "%00",
  "%s%n",
  "../../etc/passwd",
  "..",
  ".",
  "/",
  "a/b",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "' OR 1=1 --",
  '"; DROP TABLE servers; --',
  "<script>",
  "(a+)+$",
  "(a|a)*$",
  "[",
  "*",
  "(?<",
  "\\",
  "in:",
  "in:a,b",
  'in:"',
  "gte:x",
  "lt:",
  "neq:active",
  "10.0.0.0/8",
  "10.0.0.1",
  "10.0.0.999",
  "0.0.0.0/0",
  "::/0",
  "::1",
  "fe80::1%eth0",
  "ff:ff:ff:ff:ff:ff",
  "2026-01-01T00:00:00Z",
  "999999-99-99T99:99:99Z",
  "0000-00-00",
  "2026-02-31",
  "name:asc",
  "name:sideways",
  "=",
  ",",
  ",,,",
  "a".repeat(64),
  "a".repeat(256),
  "é".repeat(10_000),
  "[".repeat(5_000),
  "data:;base64,AAAA",
  "http://127.0.0.1:1/",
  "file:///etc/passwd",
  "detail",
  "6c1ef1f0-aaaa-4bbb-8ccc-000000000000",
  "6c1ef1f0aaaa4bbb8ccc000000000000",
];

export const hostileString: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...STRINGS) },
  { weight: 2, arbitrary: realId },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
);

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e-7,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  1e21,
  -1e21,
  1e308,
  -(2 ** 63),
];

export const hostileValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: hostileString },
  { weight: 2, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Json[]>(
      [],
      [null],
      [[]],
      [{}],
      [""],
      [1],
      [true],
      ["a", "a"],
      {},
      { "": null },
      { a: { a: { a: { a: {} } } } },
      JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1}'),
      Array.from({ length: 500 }, () => 1),
      nested(40),
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
);

function nested(depth: number): Json {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

/** One change to a JSON value: where (an index into its places), what. */
export interface Mutation {
  place: number;
  kind: "replace" | "remove" | "add" | "wrap" | "double";
  key: string;
  value: Json;
}

export const mutation = (keys: readonly string[]): fc.Arbitrary<Mutation> =>
  fc.record({
    place: fc.nat(1000),
    kind: fc.constantFrom("replace", "replace", "replace", "remove", "add", "wrap", "double"),
    key: fc.oneof(fc.constantFrom(...keys), hostileString),
    value: hostileValue,
  });

/** A changed copy. */
export function mutate(value: Json, { place, kind, key, value: other }: Mutation): Json {
  const root: Json = { root: structuredClone(value) };
  const places: [Json, string | number][] = [];
  const walk = (holder: Json) => {
    for (const name of Array.isArray(holder) ? holder.keys() : Object.keys(holder)) {
      places.push([holder, name]);
      if (typeof holder[name] === "object" && holder[name] !== null) walk(holder[name]);
    }
  };
  walk(root);
  const [holder, name] = places[place % places.length] ?? [root, "root"];
  const old = holder[name];
  if (kind === "remove" && holder !== root) {
    if (Array.isArray(holder)) holder.splice(Number(name), 1);
    else delete holder[name];
  } else if (kind === "add" && typeof old === "object" && old !== null) {
    if (Array.isArray(old)) old.push(other);
    else put(old, key, other);
  } else if (kind === "wrap") holder[name] = [old];
  else if (kind === "double" && Array.isArray(holder)) holder.push(structuredClone(old));
  else put(holder, String(name), other);
  return root.root;
}
