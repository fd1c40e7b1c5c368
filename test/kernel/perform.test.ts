import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RequestContext } from "../../src/kernel/auth/context.ts";
import { notFound } from "../../src/kernel/errors.ts";
import { computeEnvelope, family } from "../../src/kernel/http/families.ts";
import { type AnyRoute, caller, route, type Touched } from "../../src/kernel/http/route.ts";
import { defineService } from "../../src/kernel/module.ts";
import { projectMember, projectReader } from "../../src/kernel/policy/policy.ts";
import { identityStub, type TestCloud, testCloud } from "../support/cloud.ts";

interface Box {
  id: string;
  projectId: string;
  /** Whom it is shown to beside its owner. */
  shownTo: string | null;
}

const BOXES: readonly Box[] = [
  { id: "a", projectId: "alpha", shownTo: null },
  { id: "b", projectId: "alpha", shownTo: "beta" },
];

const box: Touched<Box> = {
  kind: "box",
  find({ param, context }) {
    const found = BOXES.find(({ id }) => id === param("box_id"));
    if (found === undefined || ![found.projectId, found.shownTo].includes(context.projectId))
      throw notFound(`Box ${param("box_id")} could not be found.`);
    return found;
  },
  owner: ({ projectId }) => ({ projectId }),
};

/** The same, found by asking elsewhere. */
const askedFor: Touched<Box> = { ...box, secret: true, find: async (lookup) => box.find(lookup) };

const name = {
  type: "object",
  properties: { name: { type: "string", minLength: 1 } },
  required: ["name"],
};

const boxes = (routes: AnyRoute[]) =>
  defineService({
    name: "boxes" as never,
    endpoint: { prefix: "/boxes", classicPorts: [], catalog: [] },
    api: family({ renderError: computeEnvelope }),
    policies: { "boxes:show": projectReader, "boxes:write": projectMember },
    migrations: [],
    create: () => ({ facade: {} as never, routes }),
  })();

const records = [
  route({
    name: "boxes:rename",
    method: "PUT",
    path: "/v1/boxes/:box_id",
    policy: "boxes:write",
    of: box,
    request: name,
    success: 200,
    handler: ({ thing, body, query }) => ({ body: { id: thing.id, body, dry: query.get("dry") } }),
  }),
  route({
    name: "boxes:show-asked-for",
    method: "GET",
    path: "/v1/asked-for/:box_id",
    policy: "boxes:show",
    of: askedFor,
    success: 200,
    handler: ({ thing }) => ({ body: { id: thing.id } }),
  }),
  route({
    name: "boxes:create",
    method: "POST",
    path: "/v1/boxes",
    policy: "boxes:write",
    of: caller,
    success: 201,
    handler: ({ thing, baseUrl }) => ({ body: { of: thing.projectId, self: `${baseUrl}/v1/boxes/c` } }),
  }),
];

let t: TestCloud;
before(async () => {
  t = await testCloud([identityStub(), boxes(records)]);
});
after(() => t.close());

test("a record's thing is found, its owner asked, and the handler gets it", async () => {
  const rename = (token: string, id: string, body: unknown = { name: "n" }) =>
    t.request("PUT", `/boxes/v1/boxes/${id}`, { token, body });
  assert.deepEqual((await rename("member:alpha", "a")).body, { id: "a", body: { name: "n" }, dry: null });
  assert.equal((await rename("member:beta", "a")).status, 404, "not there for who may not see it");
  assert.equal((await rename("member:beta", "b")).status, 403, "seen, but not the caller's");
  assert.equal((await rename("reader:alpha", "a")).status, 403, "the role comes before the thing");
  assert.equal((await rename("reader:alpha", "nonsense")).status, 403);
  assert.equal((await rename("member:beta", "a", { name: "" })).status, 400, "the body comes before the thing");
  assert.equal((await t.request("POST", "/boxes/v1/boxes", { token: "member:beta", body: {} })).body.of, "beta");
});

test("a thing that is found by asking elsewhere is waited for: its owner, its absence and its handler are as with any other", async () => {
  const show = (token: string, id: string) => t.request("GET", `/boxes/v1/asked-for/${id}`, { token });
  assert.deepEqual((await show("reader:alpha", "a")).body, { id: "a" });
  assert.equal((await show("reader:beta", "b")).status, 403);
  assert.equal((await show("reader:alpha", "none")).status, 403, "secret: who may not touch any gets 403 for nothing");
  assert.equal((await show("admin:alpha", "none")).status, 403);
});

test("a record whose policy asks for the owner does not mount without saying whose thing it touches", async () => {
  const careless = route({
    name: "boxes:show",
    method: "GET",
    path: "/v1/boxes/:box_id",
    policy: "boxes:show",
    success: 200,
    handler: ({ param }) => ({ body: { id: param("box_id") } }),
  });
  await assert.rejects(testCloud([identityStub(), boxes([careless])]), /boxes boxes:show: boxes:show asks whose it is/);
});

test("a path that names something is not only about the caller", async () => {
  const careless = route({
    name: "boxes:delete",
    method: "DELETE",
    path: "/v1/:url_project_id/boxes/:box_id",
    policy: "boxes:write",
    of: caller,
    success: 204,
    handler: () => undefined,
  });
  await assert.rejects(
    testCloud([identityStub(), boxes([careless])]),
    /boxes boxes:delete: a path that names something/,
  );
});

test("call does what the API does for the same user: policy, schema, owner, errors", async () => {
  const as = (token: string): RequestContext => {
    const identity = t.cloud.kernel.authenticator.authenticate(token);
    assert.ok(identity !== null);
    return { ...identity, requestId: "req-00000000-0000-4000-8000-000000000001", serviceRoles: new Set() };
  };
  const { call } = t.cloud.kernel;
  const rename = (token: string, id: string, body: unknown = { name: "n" }) =>
    call("boxes", "boxes:rename", as(token), { params: { box_id: id }, query: { dry: "yes" }, body });
  assert.deepEqual((await rename("member:alpha", "a")).body, { id: "a", body: { name: "n" }, dry: "yes" });
  await assert.rejects(rename("member:beta", "a"), { status: 404, message: "Box a could not be found." });
  await assert.rejects(rename("member:beta", "b"), { status: 403 });
  await assert.rejects(rename("reader:alpha", "a"), { status: 403 });
  await assert.rejects(rename("member:alpha", "a", {}), { status: 400 });
  const made = await call("boxes", "boxes:create", as("member:alpha"));
  assert.deepEqual(made.body, { of: "alpha", self: `${t.cloud.kernel.settings.api.baseUrl}/boxes/v1/boxes/c` });
  await assert.rejects(call("boxes", "boxes:none", as("member:alpha")), /boxes has no record boxes:none/);
  await assert.rejects(call("none", "x", as("member:alpha")), /the none service is not part of this cloud/);
});
