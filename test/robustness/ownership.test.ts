import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { RequestContext } from "../../src/kernel/auth/context.ts";
import { ApiError, messageOf } from "../../src/kernel/errors.ts";
import { type Endpoint, PARAMETER, type Records } from "../../src/kernel/http/perform.ts";
import { caller, type Lookup } from "../../src/kernel/http/route.ts";
import { createWorld, type World } from "./support/world.ts";

/**
 * Kinds that every project may look at, though a record that shows one says what it touches. The list may only become shorter.
 */
const EVERYBODYS: ReadonlySet<string> = new Set(["flavor", "volume type"]);

/** Kinds that everybody's of the same domain are: who must not touch them is of another one. */
const DOMAINS: ReadonlySet<string> = new Set(["domain"]);

/** Kinds that no project has, and no member sees. */
const ADMINS: ReadonlySet<string> = new Set(["service profile"]);

/**
 * Where a stranger is told that he must not (403): the real services answer so, and whose thing it is stands in the URL or is no secret.
 * Elsewhere another's thing is not there (404). The lists may only become shorter.
 */
const TOLD_BY: ReadonlySet<string> = new Set(["identity", "object-store", "object-store-s3"]);
const TOLD: ReadonlySet<string> = new Set(["project", "project asked for", "user of key pairs"]);

interface Owned {
  front: string;
  endpoint: Endpoint;
  records: Records;
}

/** What a record touches is derived from the records themselves: nobody has to remember a new one here. */
describe("records and whose things they touch", () => {
  let world: World;
  let owned: Owned[];
  before(async () => {
    world = await createWorld();
    owned = world.cloud.fronts.flatMap(({ front, records }) =>
      records.endpoints
        .filter(({ route }) => route.of !== undefined && route.of !== caller && route.of.kind !== "absent")
        // The same record under another form of its URL.
        .filter(({ route }) => !/ \(.*\)$/.test(route.name))
        .map((endpoint) => ({ front: front.name, endpoint, records })),
    );
  });
  after(() => world.close());

  const contextOf = (persona: "member" | "other"): RequestContext => {
    const identity = world.cloud.kernel.authenticator.authenticate(world.tokens[persona] ?? "");
    assert.ok(identity !== null);
    return { ...identity, requestId: "req-00000000-0000-4000-8000-000000000001", serviceRoles: new Set() };
  };
  const lookup = ({ route }: Endpoint, context: RequestContext, params: Readonly<Record<string, string>>): Lookup => ({
    context,
    param: (name) => params[name] ?? "",
    method: route.method,
    clientAddress: "",
    baseUrl: "http://cloud.example",
    path: route.path.replace(PARAMETER, (_, name: string) => params[name] ?? ""),
    query: new URLSearchParams(
      Object.fromEntries(
        Object.entries(params).flatMap(([name, value]) => (name.startsWith("?") ? [[name.slice(1), value]] : [])),
      ),
    ),
    headers: new Headers(Object.entries(params).filter(([name]) => name.startsWith("x-"))),
    microversion: route.microversions?.max ?? route.microversions?.min ?? Number.MAX_SAFE_INTEGER,
  });
  /** Null when the record lets it through, or what it answers. */
  const refusal = async ({ endpoint, records }: Owned, persona: "member" | "other"): Promise<ApiError | null> => {
    const params = world.examples[endpoint.route.of?.kind ?? ""] ?? {};
    const context = contextOf(persona);
    if (persona === "other" && DOMAINS.has(endpoint.route.of?.kind ?? ""))
      Object.assign(context, { projectDomainId: world.ids["a domain"] });
    try {
      if (!endpoint.rule.allows(context, null)) return new ApiError(403, "the role does not allow it");
      await records.touch(endpoint, lookup(endpoint, context, params));
      return null;
    } catch (thrown) {
      if (thrown instanceof ApiError) return thrown;
      throw new Error(`${endpoint.route.name}: ${messageOf(thrown)}`, { cause: thrown });
    }
  };

  test("each kind of thing that a record touches has a real example", () => {
    const without = owned.filter(({ endpoint }) => world.examples[endpoint.route.of?.kind ?? ""] === undefined);
    assert.deepEqual(
      without.map(({ front, endpoint }) => `${front} ${endpoint.route.name}: ${endpoint.route.of?.kind}`),
      [],
    );
  });

  test("what alpha's member may touch, beta's member with the same role may not", async (t) => {
    const open: string[] = [];
    let reachable = 0;
    let tried = 0;
    for (const one of owned) {
      const { endpoint, front } = one;
      if (!endpoint.rule.allows(contextOf("other"), null)) continue;
      reachable += 1;
      // An example that its owner cannot touch either proves nothing.
      const own = await refusal(one, "member");
      const isAdmins = ADMINS.has(endpoint.route.of?.kind ?? "");
      if (isAdmins ? own === null : own !== null) {
        open.push(`${front} ${endpoint.route.name}: its owner gets ${own?.status} ${own?.message}`);
        continue;
      }
      tried += 1;
      const foreign = await refusal(one, "other");
      const kind = endpoint.route.of?.kind ?? "";
      const mayBeTold = TOLD_BY.has(front) || TOLD.has(kind) || EVERYBODYS.has(kind);
      const mayBeSeen = EVERYBODYS.has(kind) && endpoint.route.method === "GET";
      if (!mayBeSeen && foreign?.status !== 404 && !(mayBeTold && foreign?.status === 403))
        open.push(`${front} ${endpoint.route.name}: ${foreign?.status ?? "lets it through"}`);
    }
    t.diagnostic(`${tried} of ${reachable} records that a member reaches were tried with another project's real ids`);
    assert.deepEqual(open, []);
    assert.equal(tried, reachable);
  });
});
