import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { formatMicroversion } from "../../src/kernel/http/microversion.ts";
import type { AnyRoute, JsonSchema } from "../../src/kernel/http/route.ts";
import type { Service } from "../../src/kernel/module.ts";
import type { Json } from "../support/json.ts";
import { examplesFor, namesIn } from "./support/examples.ts";
import { fromSchema, keysOf } from "./support/from-schema.ts";
import { hostileString, hostileValue, type Mutation, mutate, mutation, realId, resolve } from "./support/hostile.ts";
import { complaint } from "./support/judge.ts";
import { createWorld, PERSONAS, type Persona, type ServiceRoute, type World } from "./support/world.ts";

/**
 * FUZZ_RUNS=200 FUZZ_SEED=7 FUZZ_ONLY='compute servers:' widen, vary or narrow it; FUZZ_REPORT=1 names the records it never got
 * a success from, FUZZ_TRACE=1 prints every call, FUZZ_SHRINK=1 looks for the smallest input that breaks.
 */
const RUNS = Number(process.env.FUZZ_RUNS ?? 12);
const SEED = Number(process.env.FUZZ_SEED ?? 20_26_11);
/** Records whose turn comes later than this get one run each: the whole stays under a minute on a slow machine. */
const SECONDS = Number(process.env.FUZZ_SECONDS ?? (RUNS > 12 ? 3_600 : 40));
const ONLY = process.env.FUZZ_ONLY ?? "";

interface Call {
  persona: Persona;
  params: string[];
  query: [string, string][];
  version: number;
  body: { base: Json; mutations: Mutation[] } | { text: string } | null;
  contentType: string;
}

/** Cries when the main thread says nothing for a while: a synchronous loop cannot be stopped by a timer of its own thread. */
class Watchdog {
  readonly #text = new SharedArrayBuffer(16_384);
  readonly #beat = new SharedArrayBuffer(4);
  readonly #worker: Worker;

  constructor(seconds: number) {
    const code = `
      const { workerData: { text, beat, seconds } } = require("node:worker_threads");
      const count = new Int32Array(beat);
      let last = -1;
      let since = Date.now();
      setInterval(() => {
        const now = Atomics.load(count, 0);
        if (now !== last || now % 2 === 0) { last = now; since = Date.now(); return; }
        if (Date.now() - since < seconds * 1000) return;
        const bytes = Buffer.from(new Uint8Array(text));
        require("node:fs").writeSync(2, "HANG: " + bytes.subarray(0, bytes.indexOf(0)).toString() + "\\n");
        process.abort();
      }, 500);`;
    this.#worker = new Worker(code, { eval: true, workerData: { text: this.#text, beat: this.#beat, seconds } });
    this.#worker.unref();
  }

  begin(what: string): void {
    const bytes = new TextEncoder().encode(what.slice(0, 4_000));
    new Uint8Array(this.#text).fill(0).set(bytes.subarray(0, 16_383));
    Atomics.add(new Int32Array(this.#beat), 0, 1);
  }

  end(): void {
    Atomics.add(new Int32Array(this.#beat), 0, 1);
  }

  stop(): Promise<number> {
    return this.#worker.terminate();
  }
}

const PARAM = /:(\w+)(\{(?:[^{}]|\{[^{}]*\})*\})?/g;
const QUERY_NAMES = [
  "limit",
  "marker",
  "sort_key",
  "sort_dir",
  "sort",
  "name",
  "status",
  "all_tenants",
  "fields",
  "changes-since",
  "changes-before",
  "page_reverse",
  "id",
  "project_id",
  "tags",
  "not-tags-any",
  "ip",
  "with_count",
  "offset",
  "deleted",
  "visibility",
  "created_at",
  "resources",
  "required",
  "member_of",
  "in_tree",
  "constructor",
  "__proto__",
  "toString",
  "valueOf",
  "detailed",
  "start",
  "end",
];

/** Of its own for each record, or all would be sent the same values. */
function seedOf(label: string): number {
  let seed = SEED;
  for (const character of label) seed = (Math.imul(seed, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return seed;
}

function schemaOf(schema: AnyRoute["request"], version: number): JsonSchema | null {
  return typeof schema === "function" ? schema(version) : (schema ?? null);
}

function goodBodies(schema: JsonSchema | null, examples: readonly Json[]): fc.Arbitrary<Json> {
  const sources = [
    ...(schema === null ? [] : [fromSchema(schema)]),
    ...(examples.length === 0 ? [] : [fc.constantFrom(...examples)]),
  ];
  return sources.length === 0 ? hostileValue : fc.oneof(...sources);
}

const mutations = (keys: readonly string[]): fc.Arbitrary<Mutation[]> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<Mutation[]>([]) },
    { weight: 2, arbitrary: fc.array(mutation(keys), { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(mutation(keys), { minLength: 2, maxLength: 4 }) },
  );

/** Deletes come last, deepest first, and identity's after all others': what is needed is there until then. */
function order({ service, route }: ServiceRoute): number {
  const destroys = route.method === "DELETE" || /force.?delete|removed?:/i.test(route.name);
  return (
    (destroys ? 100 - route.path.split("/").length : 0) + (service.name === "identity" ? (destroys ? 500 : 50) : 0)
  );
}

function calls({ service, route }: ServiceRoute): fc.Arbitrary<Call> {
  const scheme = service.api.microversions;
  const min = Math.max(scheme?.min ?? 0, route.microversions?.min ?? 0);
  const max = Math.min(scheme?.max ?? 0, route.microversions?.max ?? Number.POSITIVE_INFINITY);
  const versions = scheme === null ? fc.constant(0) : fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
  const params = [...route.path.matchAll(PARAM)].map((match) => match[1] ?? "");
  return versions.chain((version) => {
    const schema = schemaOf(route.request, version);
    const querySchema = schemaOf(route.query, version);
    const examples = examplesFor(service.name, route.name);
    const plain = goodBodies(schema, examples);
    const based =
      route.action === undefined || schema !== null
        ? plain
        : hostileValue.map((value) => ({ [route.action ?? ""]: value }));
    const keys = ["id", ...keysOf(schema ?? true), ...namesIn(service.name)];
    const queryNames = fc.oneof(
      fc.constantFrom(...QUERY_NAMES, ...keysOf(querySchema ?? true), ...namesIn(service.name)),
      hostileString,
    );
    const reads = route.method === "GET" || route.method === "HEAD" || route.method === "DELETE";
    const body: fc.Arbitrary<Call["body"]> = reads
      ? fc.constant(null)
      : fc.oneof(
          { weight: 8, arbitrary: fc.record({ base: based, mutations: mutations(keys) }) },
          { weight: 1, arbitrary: hostileValue.map((value) => ({ base: value, mutations: [] })) },
          {
            weight: 1,
            arbitrary: fc.constantFrom<Call["body"][]>(
              null,
              { text: "{" },
              { text: "a=b&c=d" },
              { text: "<a/>" },
              { text: `${"[".repeat(2_000)}${"]".repeat(2_000)}` },
              { text: '{"a":1e999}' },
              { text: '"\\ud800"' },
              { text: '{"a":1,"a":2}' },
              { text: "\ufeff{}" },
            ),
          },
        );
    return fc.record({
      persona: fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom<Persona[]>("admin", "member") },
        { weight: 1, arbitrary: fc.constantFrom(...PERSONAS) },
      ),
      params: fc.tuple(
        ...params.map((name) =>
          fc.oneof(
            { weight: 6, arbitrary: fc.constant(likely(name, route)) },
            { weight: 2, arbitrary: realId },
            { weight: 1, arbitrary: hostileString },
          ),
        ),
      ),
      query: fc.array(fc.tuple(queryNames, hostileString), { maxLength: reads ? 3 : 1 }) as fc.Arbitrary<
        [string, string][]
      >,
      version: fc.constant(version),
      body,
      contentType: fc.oneof(
        { weight: 9, arbitrary: fc.constant(contentTypeOf(service, route)) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            "text/plain",
            "application/xml",
            "multipart/form-data",
            "nonsense",
            "application/json; charset=utf-16",
          ),
        },
      ),
    });
  });
}

/** An id that probably exists for a parameter: the one whose kind the parameter's name or the path before it says. */
function likely(name: string, route: AnyRoute): string {
  const known: Record<string, string> = {
    url_project_id: "@@alpha@@",
    project_id: route.path.startsWith("/v3/projects") ? "@@a project@@" : "@@alpha@@",
    target_id: route.path.includes("domains") ? "@@a domain@@" : "@@alpha@@",
    user_id: "@@member@@",
    actor_id: route.path.includes("groups") ? "@@a group@@" : "@@a user@@",
    role_id: "@@a role@@",
    implied_id: "@@another role@@",
    group_id: "@@a group@@",
    domain_id: "@@a domain@@",
    service_id: "@@a service@@",
    fip_id: "@@floatingip@@",
    access: "@@ec2@@",
    consumer: "@@server@@",
    uuid: "@@provider@@",
    resource_class: "VCPU",
    tag: "tag",
    key: "key",
    agent_id: "@@agent@@",
    member_id: "@@beta@@",
    host: "@@host@@",
  };
  if (route.path.startsWith("/v3/users/:user_id") && route.method === "GET" && name === "user_id") return "@@member@@";
  const before =
    route.path
      .slice(0, route.path.indexOf(`:${name}`))
      .split("/")
      .filter(Boolean)
      .at(-1) ?? "";
  const kind =
    name === "id" || name === "name"
      ? before.replaceAll("-", "_").replace(/^os_/, "").replace(/s$/, "")
      : name.replace(/_id$/, "");
  return known[name] ?? `@@${kind}@@`;
}

const contentTypeOf = (service: Service, route: AnyRoute): string =>
  route.body === "stream"
    ? "application/octet-stream"
    : service.name === "image" && route.method === "PATCH"
      ? "application/openstack-images-v2.1-json-patch"
      : "application/json";

function urlOf({ service, route }: ServiceRoute, call: Call, world: World): string {
  let index = 0;
  const path = route.path.replaceAll(PARAM, (_, name: string) => {
    const wanted = name === "url_project_id" ? "@@alpha@@" : (call.params[index] ?? "");
    index += 1;
    return encode(resolve(wanted, world));
  });
  const query = call.query
    .map(([name, value]) => `${encode(resolve(name, world))}=${encode(resolve(value, world))}`)
    .join("&");
  return `${service.endpoint.prefix}${path}${query === "" ? "" : `?${query}`}`;
}

/** encodeURIComponent refuses lone surrogates. Dots are not encoded: "." and ".." go over the wire as they are. */
const encode = (text: string): string => encodeURIComponent(text.toWellFormed().slice(0, 12_000));

function bodyOf(call: Call, world: World): string | undefined {
  if (call.body === null) return undefined;
  if ("text" in call.body) return call.body.text;
  return JSON.stringify(resolve(call.body.mutations.reduce(mutate, call.body.base), world));
}

describe("no input breaks the API", () => {
  let world: World;
  let watchdog: Watchdog;
  let renewals = 0;
  const accepted = new Map<string, number>();
  // Of formats, the fake volume driver writes raw only.
  const errorLogs = (): string[] =>
    world.logs
      .filter(({ level, message }) => level === "error" && !/failed: |the fake driver cannot write/.test(message))
      .map((record) => JSON.stringify(record).slice(0, 600));

  before(async () => {
    console.log(`# fuzz: seed ${SEED}, ${RUNS} runs a record (FUZZ_SEED, FUZZ_RUNS, FUZZ_ONLY)`);
    watchdog = new Watchdog(20);
    world = await createWorld();
  });
  after(async () => {
    await watchdog.stop();
    await world?.close();
  });

  /** A fuzz as admin may well disable its own users: then it goes on with a fresh cloud. */
  async function alive(): Promise<void> {
    for (const persona of ["admin", "member", "reader", "other"] as const) {
      const answer = await world.as(persona, "GET", "/identity/v3/auth/projects");
      if (answer.status === 200) continue;
      await renew();
      return;
    }
    // Nor are deeper calls of use on a server or volume that is gone; a new cloud takes a second, so not for ever.
    if (renewals >= 12) return;
    for (const kind of ["server", "volume", "image", "port", "application_credential"]) {
      const answer = await world.as("member", "GET", world.owned.get(kind) ?? "", undefined, {
        accept: "application/json",
      });
      if (answer.status === 200) continue;
      await renew();
      return;
    }
  }

  async function renew(): Promise<void> {
    await world.close();
    world = await createWorld();
    renewals += 1;
  }

  async function send(target: ServiceRoute, call: Call): Promise<string | null> {
    const { service, route } = target;
    const url = urlOf(target, call, world);
    const body = bodyOf(call, world);
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = call.contentType;
    const scheme = service.api.microversions;
    if (scheme !== null) headers["openstack-api-version"] = `${scheme.service} ${formatMicroversion(call.version)}`;
    watchdog.begin(`${call.persona} ${route.method} ${url} ${JSON.stringify(headers)} ${body ?? ""}`);
    const begin = performance.now();
    const answer = await world.as(call.persona, route.method, url, body, headers).finally(() => watchdog.end());
    const problem = complaint({ service, route }, answer, performance.now() - begin);
    if (answer.status < 300)
      accepted.set(`${service.name} ${route.name}`, (accepted.get(`${service.name} ${route.name}`) ?? 0) + 1);
    if (process.env.FUZZ_TRACE !== undefined)
      console.log(
        `# ${answer.status} ${call.persona} ${route.method} ${url.slice(0, 200)} ${(body ?? "").slice(0, 300)} → ${JSON.stringify(answer.body).slice(0, 200)}`,
      );
    harvest(answer.body, answer.status);
    if (problem === null) return null;
    const id = service.api.requestIdHeaders.map((name) => answer.headers.get(name)).find(Boolean);
    const cause = world.logs.findLast(({ requestId, level }) => level === "error" && requestId === id);
    return `${problem}\n    ${call.persona} ${route.method} ${url.slice(0, 400)} ${headers["openstack-api-version"] ?? ""}\n    ${(body ?? "").slice(0, 600)}${cause === undefined ? "" : `\n    ${JSON.stringify(cause).slice(0, 900)}`}`;
  }

  /** Which records the fuzz never got past the door of: their examples want work. */
  function report(): void {
    const never = world.routes
      .map(({ service, route }) => `${service.name} ${route.name}`)
      .filter((label) => !/ \((project in path|v2)/.test(label) && !accepted.has(label));
    console.log(
      `# ${[...accepted.values()].reduce((sum, count) => sum + count, 0)} calls accepted; never: ${never.join(", ")}`,
    );
  }

  /** What has just been made is worth asking for. */
  function harvest(body: Json, status: number): void {
    if (status < 200 || status > 202 || typeof body !== "object" || body === null || world.pool.length > 400) return;
    const made = [body, ...Object.values(body)].find((value: Json) => typeof value?.id === "string") as Json;
    if (made !== undefined && !Array.isArray(made)) world.pool.push(made.id);
  }

  test("every record of every service", async () => {
    const deadline = performance.now() + SECONDS * 1_000;
    const problems: string[] = [];
    const slow: [number, string][] = [];
    for (const { service, route } of [...world.routes].sort((a, b) => order(a) - order(b))) {
      const label = `${service.name} ${route.name}`;
      if (ONLY !== "" && !label.includes(ONLY)) continue;
      // The same handler under another form of the URL: one look is enough.
      const runs = performance.now() > deadline || / \((project in path|v2)/.test(route.name) ? 1 : RUNS;
      const begin = performance.now();
      const result = await fc.check(
        fc.asyncProperty(calls({ service, route }), async (call) => {
          const problem = await send({ service, route }, call);
          if (problem !== null) throw new Error(problem);
        }),
        { seed: seedOf(label), numRuns: runs, endOnFailure: process.env.FUZZ_SHRINK === undefined },
      );
      slow.push([performance.now() - begin, label]);
      if (result.failed) {
        const error = result.errorInstance;
        problems.push(`${label}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await alive();
    }
    await world.idle();
    if (process.env.FUZZ_REPORT !== undefined) report();
    slow.sort((a, b) => b[0] - a[0]);
    console.log(
      `# slowest: ${slow
        .slice(0, 5)
        .map(([ms, label]) => `${label} ${Math.round(ms)} ms`)
        .join(", ")}`,
    );
    assert.ok(problems.length === 0, `\n${problems.length} records break:\n${problems.join("\n")}`);
    assert.deepEqual([...new Set(errorLogs())], [], "background work fails");
  });
});
