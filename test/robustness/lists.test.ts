import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Answer as Response } from "../support/cloud.ts";
import type { Json } from "../support/json.ts";
import { type Expected, HABITS } from "./support/list-habits.ts";
import { newestOf, pathTo, versionHeaders } from "./support/target.ts";
import { createWorld, type ServiceRoute, type World } from "./support/world.ts";

/** A list as its reader finds it without any query. */
interface Found {
  target: ServiceRoute;
  path: string;
  persona: "member" | "admin";
  /** The name of the array in the body; null where that is the body. */
  key: string | null;
  items: readonly Json[];
  /** That of the first in pages. */
  marker: string;
}

/** Nothing's id. */
const NOBODY = "6c1ef1f0-aaaa-4bbb-8ccc-00000000dead";

/** Case → its query. */
const CASES = {
  "no number": () => "limit=x",
  zero: () => "limit=0",
  negative: () => "limit=-1",
  huge: () => "limit=99999999999999999999",
  "no limit": () => "limit=",
  "limits 1 and 0": () => "limit=1&limit=0",
  "lost marker": () => `limit=1&marker=${NOBODY}`,
  "first's and lost marker": (first: string) => `limit=1&marker=${first}&marker=${NOBODY}`,
  "unknown sort key": () => "sort_key=nonsense&sort_dir=asc",
  "unknown filter": () => "nonsense=1",
  "filters for the first and for none": (_marker: string, name: string) =>
    `name=${encodeURIComponent(name)}&name=${NOBODY}`,
} as const;
export type Case = keyof typeof CASES;

const nameOf = ({ service, route }: ServiceRoute): string => `${service.name} ${route.name}`;
/** An array in the description of one thing, or of the API itself, is none. */
const IS_NO_LIST =
  /(^\S+ versions|^(?!object-store).*:show(-\w+)?$|^image schemas|^image image-stores:info|^identity auth:(catalog|system)|:summary)/;
/** Lists that answer nothing but refusals here, and why. */
const UNSEEN: Readonly<Record<string, string>> = {
  "compute flavor-access:list": "the world's flavor is public",
  "placement allocation-candidates:list": "has no answer without a wish",
};

describe("every list of every service answers odd queries as its real one does", () => {
  let world: World;
  const lists: Found[] = [];
  const unseen: string[] = [];

  const ask = ({ target, path, persona }: Pick<Found, "target" | "path" | "persona">, query: string) => {
    const headers = { accept: "application/json", ...versionHeaders(target.service, newestOf(target)) };
    return world.as(persona, "GET", query === "" ? path : `${path}?${query}`, undefined, headers);
  };
  const arrayIn = ({ status, body }: Response): Pick<Found, "key" | "items"> | null => {
    if (status !== 200 || typeof body !== "object" || body === null) return null;
    if (Array.isArray(body)) return { key: null, items: body };
    const [key] = Object.keys(body).filter((name) => Array.isArray(body[name]) && !name.endsWith("links"));
    return key === undefined ? null : { key, items: body[key] };
  };

  const firstMarker = async (list: Omit<Found, "marker">): Promise<string> => {
    const { service, route } = list.target;
    const [first] = arrayIn(await ask(list, "limit=1"))?.items ?? list.items;
    return first === undefined ? NOBODY : (HABITS[service.name]?.(route.name).markerOf(first) ?? NOBODY);
  };

  before(async () => {
    world = await createWorld();
    for (const target of world.routes) {
      const { service, route } = target;
      // nova's are the same under each form of its URLs.
      if (route.method !== "GET" || route.name.includes("(") || IS_NO_LIST.test(nameOf(target))) continue;
      const path = service.endpoint.prefix + pathTo(world, route);
      const readers: Omit<Found, "marker">[] = [];
      const statuses: number[] = [];
      for (const persona of ["member", "admin"] as const) {
        const answer = await ask({ target, path, persona }, "");
        statuses.push(answer.status);
        const found = arrayIn(answer);
        if (found !== null) readers.push({ target, path, persona, ...found });
      }
      // Who sees more of it has more to page through.
      const [reader] = readers.sort((one, other) => other.items.length - one.items.length);
      if (reader !== undefined) lists.push({ ...reader, marker: await firstMarker(reader) });
      else if (/:(list|detail)$/.test(route.name) && !statuses.includes(200)) unseen.push(nameOf(target));
    }
  });
  after(() => world.close());

  test("all lists are found, most with something in them", () => {
    assert.deepEqual(
      unseen.filter((name) => UNSEEN[name] === undefined),
      [],
    );
    assert.ok(lists.length > 140, `${lists.length}`);
    assert.ok(lists.filter(({ items }) => items.length > 0).length > 90);
  });

  test("each service that has lists says how they are", () => {
    const services = new Set(lists.map(({ target }) => target.service.name));
    assert.deepEqual(
      [...services].filter((name) => HABITS[name] === undefined),
      [],
    );
  });

  for (const name of Object.keys(CASES) as Case[])
    test(name, async () => {
      const wrong: string[] = [];
      for (const list of lists) {
        const habit = HABITS[list.target.service.name]?.(list.target.route.name);
        if (habit === undefined) continue;
        const answer = await ask(list, CASES[name](list.marker, String(list.items[0]?.name ?? "no name")));
        const said = shown(list, answer);
        const expected = habit.answers[name];
        const fits = typeof expected === "string" ? sizesOf(list, expected).includes(said) : expected.test(said);
        if (!fits) wrong.push(`${nameOf(list.target)} (${list.items.length}): ${said}, not ${expected}`);
      }
      assert.deepEqual(wrong, []);
    });

  /** How many of the list an answer has, or what it says instead. */
  function shown({ key, items }: Found, { status, body }: Response): string {
    if (status !== 200) return `${status} ${messageIn(body)}`;
    const found: readonly Json[] = (key === null ? body : body[key]) ?? [];
    const known = new Set(items.map(identityOf));
    return found.every((item) => known.has(identityOf(item))) ? String(found.length) : "things of other lists";
  }
});

/** How many things it may be. */
function sizesOf({ items: { length } }: Found, expected: Exclude<Expected, RegExp>): string[] {
  if (expected === "some") return Array.from({ length }, (_, index) => String(index + 1));
  const sizes = { all: length, none: 0, one: Math.min(1, length), "the next": Math.min(1, Math.max(0, length - 1)) };
  return [String(sizes[expected])];
}

/** What tells a thing from others of its list, where something does: the rest may change while it is asked for. */
const identityOf = (item: Json): unknown => item.id ?? item.uuid ?? item.name ?? item.keypair?.name;

/** The words of an error, in whatever envelope. */
function messageIn(body: Json): string {
  if (typeof body !== "object" || body === null) return String(body);
  const inner = Object.values(body).find((value): value is Json => typeof value === "object" && value !== null);
  const said = Array.isArray(inner) ? inner[0]?.detail : (inner?.message ?? body.message);
  return String(said ?? JSON.stringify(body)).replace(/(<br \/>|\n).*/s, "");
}
