import assert from "node:assert/strict";
import { test } from "node:test";
import { smokeSteps } from "../../src/bootstrap/smoke.ts";
import { testSettings } from "../support/settings.ts";

test("on the fake driver smoke says that SSH is not tried, instead of leaving it out", async () => {
  const last = (virtDriver: "fake" | "libvirt") => {
    const { steps } = smokeSteps(testSettings({ dataDir: "/nowhere", virtDriver }));
    return { count: steps.length, step: steps.at(-1) };
  };
  const fake = last("fake");
  assert.equal(await fake.step?.run(() => {}), "not tried: guests of VIRT_DRIVER=fake have no SSH server");
  assert.deepEqual([fake.count, fake.step?.name], [last("libvirt").count, last("libvirt").step?.name]);
});

test("where nothing answers, smoke says what does not, and where to look", async () => {
  const settings = testSettings({ dataDir: "/nowhere", identity: { authUrl: "http://127.0.0.1:9/identity" } });
  const login = smokeSteps(settings).steps[0];
  await assert.rejects(
    async () => login?.run(() => {}),
    /^Error: http:\/\/127\.0\.0\.1:9\/identity\/v3\/auth\/tokens does not answer \(.+\): tenrec status tells/,
  );
});

test("a cloud without nova has no guests to try, and smoke says so", async () => {
  const { steps } = smokeSteps(testSettings({ dataDir: "/nowhere" }, { ENABLED_SERVICES: "key,g-api,q-svc" }));
  assert.deepEqual(
    steps.map(({ name }) => name),
    ["Log in as demo", "Boot a guest"],
  );
  assert.equal(await steps[1]?.run(() => {}), "not tried: nova is not enabled in this cloud");
});
