import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Heat, heat } from "./support.ts";

describe("software that guests are to run", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
  });
  after(() => t.close());

  test("a config has its defaults; one that a deployment is of stays", async () => {
    const wanted = {
      name: "c1",
      group: "script",
      config: "#!/bin/sh\n",
      inputs: [{ name: "a" }],
      outputs: [{ name: "o" }],
    };
    const { software_config: config } = (await t.ask("POST", "software_configs", wanted)).body;
    assert.deepEqual(
      { ...config, id: "", creation_time: "" },
      {
        ...wanted,
        id: "",
        creation_time: "",
        outputs: [{ name: "o", error_output: false }],
        options: {},
      },
    );
    const server_id = "11111111-2222-3333-4444-555555555555";
    const asked = {
      config_id: config.id,
      server_id,
      action: "CREATE",
      status: "IN_PROGRESS",
      status_reason: "waiting",
      input_values: { a: "1" },
    };
    const { software_deployment: made } = (await t.ask("POST", "software_deployments", asked)).body;
    assert.equal(made.output_values, null);
    assert.equal(made.updated_time, undefined);
    const { metadata } = (await t.ask("GET", `software_deployments/metadata/${server_id}`)).body;
    assert.deepEqual(metadata, [config]);
    const path = `software_deployments/${made.id}`;
    const done = (await t.ask("PUT", path, { status: "COMPLETE", output_values: { o: "hi" } })).body
      .software_deployment;
    assert.deepEqual([done.status, done.output_values, done.action], ["COMPLETE", { o: "hi" }, "CREATE"]);
    assert.equal((await t.ask("DELETE", `software_configs/${config.id}`)).status, 400, "it is still deployed");
    assert.equal((await t.ask("DELETE", path)).status, 204);
    assert.equal((await t.ask("DELETE", `software_configs/${config.id}`)).status, 204);
    const gone = await t.ask("GET", "software_configs/nosuch");
    assert.deepEqual([gone.status, gone.body.error.message], [404, "Software config with id nosuch not found"]);
  });
});
