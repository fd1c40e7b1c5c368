import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Answer } from "../../support/cloud.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

let t: ImageCloud;
before(async () => {
  t = await imageCloud();
});
after(() => t.close());

const ROOT = "/metadefs/namespaces";
const call = (method: string, path: string, body?: unknown, token = "admin:alpha", headers = {}): Promise<Answer> =>
  t.request(method, `/image/v2${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
    headers: { accept: "application/json", ...headers },
  });
const make = async (namespace: string, more: Record<string, unknown> = {}) => {
  const answer = await call("POST", ROOT, { namespace, visibility: "public", ...more });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer;
};
const words = ({ body }: Answer) => body.message.replace(/<br \/>.*$/s, "");
const names = async (path: string, token = "member:beta") =>
  (await call("GET", path, undefined, token)).body.namespaces.map(({ namespace }: { namespace: string }) => namespace);

test("a namespace with all its parts, as glance shows it", async () => {
  const made = await make("Whole::One", {
    display_name: "Whole",
    description: "All parts",
    protected: true,
    resource_type_associations: [{ name: "OS::Nova::Flavor", prefix: "hw:" }],
    properties: { speed: { title: "Speed", type: "integer", minimum: 1 } },
    objects: [{ name: "Limits", required: ["top"], properties: { top: { title: "Top", type: "integer" } } }],
    tags: [{ name: "fast" }],
  });
  assert.match(made.headers.get("location") ?? "", /^http:\/\/[^/]+\/.*\/v2\/metadefs\/namespaces\/Whole::One$/);
  const { created_at, updated_at, ...rest } = made.body;
  assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(updated_at, created_at);
  assert.deepEqual(rest, {
    namespace: "Whole::One",
    display_name: "Whole",
    description: "All parts",
    visibility: "public",
    protected: true,
    owner: "alpha",
    self: "/v2/metadefs/namespaces/Whole::One",
    schema: "/v2/schemas/metadefs/namespace",
    // What it holds is told as it was sent, without times.
    resource_type_associations: [{ name: "OS::Nova::Flavor", prefix: "hw:" }],
    properties: { speed: { title: "Speed", type: "integer", minimum: 1 } },
    objects: [{ name: "Limits", required: ["top"], properties: { top: { title: "Top", type: "integer" } } }],
    tags: [{ name: "fast" }],
  });

  const shown = (await call("GET", `${ROOT}/Whole::One`, undefined, "reader:beta")).body;
  assert.deepEqual(shown.tags, [{ name: "fast" }]);
  assert.deepEqual(shown.resource_type_associations, [
    { name: "OS::Nova::Flavor", prefix: "hw:", created_at, updated_at },
  ]);
  assert.equal(shown.objects[0].self, "/v2/metadefs/namespaces/Whole::One/objects/Limits");
  // As flavors name it.
  const ofFlavors = (await call("GET", `${ROOT}/Whole::One?resource_type=OS::Nova::Flavor`)).body;
  assert.deepEqual(Object.keys(ofFlavors.properties), ["hw:speed"]);
  assert.deepEqual(Object.keys(ofFlavors.objects[0].properties), ["hw:top"]);
  assert.deepEqual(ofFlavors.objects[0].required, ["hw:top"]);

  const kept = await call("DELETE", `${ROOT}/Whole::One`);
  assert.equal(kept.status, 403);
  assert.equal(words(kept), "Metadata definition namespace Whole::One is protected and cannot be deleted.");
  for (const part of ["objects", "properties", "tags"]) {
    assert.equal((await call("DELETE", `${ROOT}/Whole::One/${part}`)).status, 403, part);
  }
  const object = await call("DELETE", `${ROOT}/Whole::One/objects/Limits`);
  assert.equal(words(object), "Metadata definition object Limits is protected and cannot be deleted.");
  const association = await call("DELETE", `${ROOT}/Whole::One/resource_types/OS::Nova::Flavor`);
  assert.equal(
    words(association),
    "Metadata definition resource-type-association OS::Nova::Flavor is protected and cannot be deleted.",
  );

  // Said anew: what is not said goes back to what glance takes for granted.
  const changed = await call("PUT", `${ROOT}/Whole::One`, { namespace: "Whole::Two", protected: false });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.visibility, "private");
  assert.equal(changed.body.description, undefined);
  assert.equal((await call("GET", `${ROOT}/Whole::One`)).status, 404);
  assert.equal((await call("GET", `${ROOT}/Whole::Two`)).body.objects.length, 1);
  const gone = await call("DELETE", `${ROOT}/whole::two`);
  assert.equal(gone.status, 204);
  assert.equal(gone.headers.get("content-type"), "text/html; charset=UTF-8");
  const lost = await call("GET", `${ROOT}/Whole::Two`);
  assert.equal(lost.status, 404);
  assert.equal(words(lost), "Metadata definition namespace=Whole::Two was not found.");
  assert.equal(words(await call("PUT", `${ROOT}/Whole::Two`, { namespace: "x" })), "Namespace Whole::Two not found");
});

test("who sees and changes what", async () => {
  await make("mine", { visibility: "private", owner: "beta" });
  assert.equal((await call("GET", `${ROOT}/mine`, undefined, "reader:beta")).status, 200);
  const hidden = await call("GET", `${ROOT}/mine`, undefined, "reader:gamma");
  assert.equal(hidden.status, 404);
  assert.equal(words(hidden), "The resource could not be found.");
  for (const part of ["objects", "properties", "tags", "resource_types"]) {
    const refused = await call("GET", `${ROOT}/mine/${part}`, undefined, "reader:gamma");
    assert.equal(words(refused), "Namespace mine not found", part);
    assert.equal((await call("GET", `${ROOT}/mine/${part}`, undefined, "reader:beta")).status, 200, part);
  }
  assert.ok((await names(ROOT)).includes("mine"));
  assert.ok(!(await names(ROOT, "member:gamma")).includes("mine"));
  // Vocabularies are administrators' to make and to change, their owner's neither.
  for (const [method, path, body] of [
    ["POST", ROOT, { namespace: "other" }],
    ["PUT", `${ROOT}/mine`, { namespace: "mine" }],
    ["DELETE", `${ROOT}/mine`, undefined],
    ["POST", `${ROOT}/mine/tags/x`, undefined],
    ["POST", `${ROOT}/mine/objects`, { name: "x" }],
  ] as const) {
    assert.equal((await call(method, path, body, "member:beta")).status, 403, `${method} ${path}`);
  }
  assert.equal((await call("GET", ROOT, undefined, "dancer:beta")).status, 403);
  assert.equal((await t.request("GET", `/image/v2${ROOT}`)).status, 401);
});

test("lists of namespaces: by kind of thing, visibility, page by page both ways", async () => {
  for (const [at, name] of ["p1", "p2", "p3"].entries()) {
    await make(name, {
      display_name: `d${3 - at}`,
      resource_type_associations: [{ name: at === 0 ? "OS::Cinder::Volume" : "OS::Nova::Aggregate" }],
    });
  }
  const some = "resource_types=OS::Nova::Aggregate,os::cinder::volume";
  assert.deepEqual(await names(`${ROOT}?${some}&sort_key=namespace`), ["p3", "p2", "p1"]);
  assert.deepEqual(await names(`${ROOT}?resource_types=OS::Cinder::Volume&sort_dir=asc`), ["p1"]);
  assert.deepEqual(await names(`${ROOT}?${some}&sort_key=display_name&sort_dir=asc`), ["p3", "p2", "p1"]);
  const { body } = await call("GET", `${ROOT}?${some}&limit=2&sort_key=namespace`);
  assert.deepEqual(
    body.namespaces.map(({ namespace }: { namespace: string }) => namespace),
    ["p3", "p2"],
  );
  assert.match(body.next, /^\/v2\/metadefs\/namespaces\?.*marker=p2/);
  assert.match(body.first, /^\/v2\/metadefs\/namespaces\?.*limit=2&sort_key=namespace$/);
  assert.deepEqual(await names(body.next.slice("/v2".length)), ["p1"]);
  assert.deepEqual(await names(`${ROOT}?resource_types=OS::Nobody`), []);
  assert.ok(!(await names(`${ROOT}?visibility=private`)).includes("p1"));
  for (const wrong of ["limit=x", "limit=-1", "sort_dir=up", "sort_key=colour", "visibility=some"]) {
    assert.equal((await call("GET", `${ROOT}?${wrong}`)).status, 400, wrong);
  }
  assert.equal((await call("GET", `${ROOT}?marker=nosuch`)).status, 404);
  const types = (await call("GET", "/metadefs/resource_types", undefined, "reader:beta")).body.resource_types;
  assert.ok(types.some(({ name }: { name: string }) => name === "OS::Nova::Aggregate"));
  assert.deepEqual(Object.keys(types[0]), ["name", "created_at"]);
});

test("objects, properties and tags: made, shown, renamed, refused twice, taken away", async () => {
  await make("parts");
  const parts = `${ROOT}/parts`;
  const object = await call("POST", `${parts}/objects`, { name: "one" });
  assert.equal(object.status, 201);
  assert.deepEqual(Object.keys(object.body).sort(), ["created_at", "name", "schema", "self", "updated_at"]);
  const shown = (await call("GET", `${parts}/objects/ONE`)).body;
  assert.deepEqual([shown.required, shown.properties, shown.description], [[], {}, undefined]);
  const twice = await call("POST", `${parts}/objects`, { name: "One" });
  assert.equal(twice.status, 409);
  assert.equal(words(twice), "A metadata definition object with name=One already exists in namespace=parts.");
  assert.equal((await call("PUT", `${parts}/objects/one`, { name: "uno", required: ["a", "b"] })).status, 200);
  const listed = (await call("GET", `${parts}/objects`)).body;
  assert.equal(listed.schema, "v2/schemas/metadefs/objects");
  assert.deepEqual(listed.objects[0].required, ["a", "b"]);
  assert.equal(words(await call("GET", `${parts}/objects/one`)), "Could not find metadata object one");
  assert.equal((await call("GET", `${parts}/objects?limit=0`)).status, 400);

  const property = { name: "colour", title: "Colour", type: "string", enum: ["red", "green"], default: "red" };
  assert.deepEqual((await call("POST", `${parts}/properties`, property)).body, property);
  assert.deepEqual((await call("GET", `${parts}/properties/colour`)).body, property);
  const { name, ...schema } = property;
  assert.deepEqual((await call("GET", `${parts}/properties`)).body, { properties: { [name]: schema } });
  const association = { name: "OS::Glance::Image", prefix: "hw_" };
  assert.equal((await call("POST", `${parts}/resource_types`, association)).status, 201);
  assert.equal((await call("POST", `${parts}/resource_types`, association)).status, 409);
  const ofImages = "resource_type=OS::Glance::Image";
  assert.equal((await call("GET", `${parts}/properties/hw_colour?${ofImages}`)).body.name, "colour");
  assert.equal(
    words(await call("GET", `${parts}/properties/colour?${ofImages}`)),
    "Property colour does not start with the expected resource type association prefix of 'hw_'.",
  );
  assert.equal((await call("PUT", `${parts}/properties/colour`, { ...property, name: "hue" })).body.name, "hue");
  assert.equal((await call("DELETE", `${parts}/properties/hue`)).status, 204);
  assert.equal(words(await call("DELETE", `${parts}/properties/hue`)), "Could not find property hue");
  assert.equal(
    words(await call("DELETE", `${parts}/resource_types/OS::No`)),
    "Failed to find resource type OS::No to delete",
  );

  const set = (tags: string[], headers = {}) =>
    call("POST", `${parts}/tags`, { tags: tags.map((tag) => ({ name: tag })) }, undefined, headers);
  const tags = async (query = "") =>
    (await call("GET", `${parts}/tags${query}`)).body.tags.map((tag: { name: string }) => tag.name);
  assert.deepEqual((await set(["a", "b", "c"])).body, { tags: [{ name: "a" }, { name: "b" }, { name: "c" }] });
  assert.deepEqual(await tags("?sort_key=name&sort_dir=asc"), ["a", "b", "c"]);
  assert.deepEqual(await tags("?sort_key=name&sort_dir=asc&limit=1&marker=a"), ["b"]);
  assert.equal((await set(["d", "D"])).status, 409);
  assert.deepEqual(await tags("?sort_key=name"), ["c", "b", "a"], "all or none");
  assert.equal((await set(["d"], { "x-openstack-append": "True" })).status, 201);
  assert.deepEqual(await tags("?sort_key=name"), ["d", "c", "b", "a"]);
  assert.equal((await set(["e"])).status, 201);
  assert.deepEqual(await tags(), ["e"]);
  const tag = await call("POST", `${parts}/tags/f`);
  assert.deepEqual(Object.keys(tag.body), ["name", "created_at", "updated_at"]);
  assert.equal((await call("PUT", `${parts}/tags/f`, { name: "e" })).status, 409);
  assert.equal((await call("PUT", `${parts}/tags/f`, { name: "F" })).body.name, "F");
  assert.equal((await call("POST", `${parts}/tags/${"x".repeat(81)}`)).status, 400);
  assert.equal((await call("DELETE", `${parts}/tags`)).status, 204);
  assert.deepEqual(await tags(), []);
});

test("what is wrong is said, and nothing is made of it", async () => {
  for (const [body, status, text] of [
    [[], 400, /^Provided object does not match schema 'namespace': .* is not of type 'object'/],
    [{}, 400, /'namespace' is a required property/],
    [{ namespace: "bad", colour: "red" }, 400, /Additional properties are not allowed \('colour' was unexpected\)/],
    [{ namespace: "bad", self: "x" }, 403, /^Attribute 'self' is read-only\.$/],
    [{ namespace: "x".repeat(81) }, 400, /is too long/],
    [{ namespace: "bad", properties: { p: { title: "P" } } }, 400, /'type' is a required property/],
    [{ namespace: "bad", properties: { p: { title: "P", type: "string", evil: 1 } } }, 400, /'evil' was unexpected/],
    [{ namespace: "bad", objects: [{ description: "no name" }] }, 400, /'name' is a required property/],
    [{ namespace: "bad", tags: [{ name: "t" }, { name: "T" }] }, 409, /^A metadata tag with name=T already exists/],
  ] as const) {
    const answer = await call("POST", ROOT, body);
    assert.equal(answer.status, status, JSON.stringify(body));
    assert.match(words(answer), text);
  }
  assert.equal((await call("GET", `${ROOT}/bad`)).status, 404);
  await make("taken");
  const again = await call("POST", ROOT, { namespace: "TAKEN" });
  assert.equal(again.status, 409);
  assert.equal(words(again), "The metadata definition namespace=TAKEN already exists.");
});

test("each kind has its schema, and that of its list", async () => {
  for (const [kind, name] of [
    ["namespace", "namespace"],
    ["namespaces", "namespaces"],
    ["object", "object"],
    ["objects", "objects"],
    ["property", "property"],
    ["properties", "properties"],
    ["resource_type", "resource_type_association"],
    ["resource_types", "resource_type_associations"],
    ["tag", "tag"],
    ["tags", "tags"],
  ]) {
    const { status, body } = await call("GET", `/schemas/metadefs/${kind}`, undefined, "reader:beta");
    assert.equal(status, 200, kind);
    assert.equal(body.name, name);
  }
});

test("stack loads the standard namespaces once; one that was taken away stays away", async () => {
  const fresh = await imageCloud({ downloadDefaultImages: false, urls: [] });
  try {
    const seed = () => fresh.cloud.seed();
    await seed();
    const ask = (path: string, method = "GET") =>
      fresh.request(method, `/image/v2${ROOT}${path}`, {
        token: "admin:alpha",
        headers: { accept: "application/json" },
      });
    const first = (await ask("?limit=100")).body.namespaces;
    assert.ok(first.length > 20, `${first.length} namespaces`);
    const { body } = await ask("/OS::Compute::VirtCPUTopology?resource_type=OS::Nova::Flavor");
    assert.equal(body.properties["hw:cpu_sockets"].type, "integer");
    assert.equal((await ask("/OS::Compute::AggregateNumInstancesFilter", "DELETE")).status, 204);
    await seed();
    assert.equal((await ask("?limit=100")).body.namespaces.length, first.length - 1);
    // Each of them could be made by this API as it is shown.
    for (const { namespace } of first.slice(1)) {
      const whole = (await ask(`/${namespace}`)).body;
      if (whole.namespace === undefined) continue;
      const { created_at, updated_at, self, schema, owner, resource_type_associations, objects, ...rest } = whole;
      const again = await fresh.request("POST", `/image/v2${ROOT}`, {
        token: "admin:alpha",
        body: {
          ...rest,
          namespace: `${namespace} again`,
          ...(objects === undefined ? {} : { objects: objects.map(partOnly) }),
          ...(resource_type_associations === undefined
            ? {}
            : { resource_type_associations: resource_type_associations.map(partOnly) }),
        },
        headers: { accept: "application/json" },
      });
      assert.equal(again.status, 201, `${namespace}: ${JSON.stringify(again.body)}`);
    }
  } finally {
    await fresh.close();
  }
});

function partOnly({ created_at, updated_at, self, schema, ...rest }: Record<string, unknown>) {
  return rest;
}
