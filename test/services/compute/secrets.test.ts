import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
let fail: ((verb: string) => void) | null = null;
before(async () => {
  t = await computeLab({ before: (verb) => fail?.(verb) });
});
after(() => t.close());

/** Every byte of the database, deleted ones included. */
function everythingStored(): string {
  const { db, tracer } = t.cloud.kernel;
  tracer.flush();
  return db.raw.serialize().toString("latin1");
}

const PASSWORD = "Pa55-never-to-be-kept";
const CONTENTS = Buffer.from("a personality file that is nobody's business").toString("base64");

async function create(): Promise<string> {
  const { body } = await t.api("POST", "/servers", {
    version: "2.1",
    body: {
      server: {
        name: "guest",
        imageRef: t.image.id,
        flavorRef: "42",
        adminPass: PASSWORD,
        personality: [{ path: "/etc/hidden.conf", contents: CONTENTS }],
      },
    },
  });
  assert.equal(body.server.adminPass, PASSWORD);
  return body.server.id;
}

test("no password and no personality file outlives the work they were for, in rows or in traces", async () => {
  const id = await create();
  await t.idle();
  const act = async (body: unknown) => {
    const { status } = await t.api("POST", `/servers/${id}/action`, { body });
    assert.equal(status, 202);
    await t.idle();
  };
  await act({ changePassword: { adminPass: PASSWORD } });
  await act({ rebuild: { imageRef: t.image.id, adminPass: PASSWORD } });
  const stored = everythingStored();
  assert.ok(stored.includes(id), "this is the database");
  assert.ok(!stored.includes(PASSWORD));
  assert.ok(!stored.includes(CONTENTS));
  assert.ok(!stored.includes("hidden.conf"));
});

test("nor when the work fails", async () => {
  fail = (verb) => {
    if (verb === "spawn") throw new Error("no room");
  };
  const id = await create();
  await t.idle();
  fail = null;
  assert.equal((await t.api("GET", `/servers/${id}`)).body.server.status, "ERROR");
  const stored = everythingStored();
  assert.ok(!stored.includes(PASSWORD));
  assert.ok(!stored.includes(CONTENTS));
});
