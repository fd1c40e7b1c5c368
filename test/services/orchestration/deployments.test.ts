import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { mimeMessage, mimeParts } from "../../../src/services/orchestration/values/mime.ts";
import type { Json } from "../../support/json.ts";
import { until } from "../../support/patience.ts";
import { type Heat, heat, hot } from "./support.ts";

const server = (transport = "POLL_SERVER_HEAT") => ({
  type: "OS::Heat::DeployedServer",
  properties: { software_config_transport: transport },
});
const config = (more: Json = {}) => ({
  type: "OS::Heat::SoftwareConfig",
  properties: {
    group: "script",
    config: "#!/bin/sh\necho $word\n",
    inputs: [{ name: "word", default: "hi" }],
    outputs: [{ name: "result" }, { name: "wrong", error_output: true }],
    ...more,
  },
});
const deployment = (more: Json = {}) => ({
  type: "OS::Heat::SoftwareDeployment",
  properties: { config: { get_resource: "c" }, server: { get_resource: "s" }, ...more },
});

describe("deployments of software", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
  });
  after(() => t.close());

  const begin = async (name: string, template: Json) => {
    const answer = await t.ask("POST", "stacks", { stack_name: name, template });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return `stacks/${name}/${answer.body.stack.id}`;
  };
  const state = async (path: string) => (await t.ask("GET", path)).body.stack.stack_status;
  const outputs = async (path: string): Promise<Record<string, Json>> =>
    Object.fromEntries(
      (await t.ask("GET", path)).body.stack.outputs.map((one: Json) => [one.output_key, one.output_value]),
    );
  /** What the server is to run, once there is something. */
  const told = (path: string): Promise<Json[]> =>
    until("the server is told", 20, async () => {
      const { metadata } = (await t.ask("GET", `${path}/resources/s/metadata`)).body;
      return (metadata?.deployments?.length ?? 0) > 0 ? metadata.deployments : null;
    });
  const inputsOf = (one: Json) => Object.fromEntries(one.inputs.map((input: Json) => [input.name, input.value]));
  const send = async (inputs: Json, body: Json) => {
    const { pathname, search, host } = new URL(inputs.deploy_signal_id);
    const method = inputs.deploy_signal_verb;
    const answer = await t.fetch(pathname + search, { method, body: JSON.stringify(body), headers: { host } });
    assert.equal(answer.status, method === "PUT" ? 201 : 200, await answer.text());
  };
  const OUT = {
    stdout: { get_attr: ["d", "deploy_stdout"] },
    code: { get_attr: ["d", "deploy_status_code"] },
    result: { get_attr: ["d", "result"] },
  };

  test("a server is told what to run with its inputs, by its own user; its signal brings the outputs", async () => {
    const path = await begin(
      "dep",
      hot({ s: server(), c: config(), d: deployment({ input_values: { word: "yo", more: 1 } }) }, OUT),
    );
    const [one] = await told(path);
    const inputs = inputsOf(one as Json);
    assert.equal(one.group, "script");
    assert.equal(one.config, "#!/bin/sh\necho $word\n");
    assert.equal(inputs.word, "yo");
    assert.equal(inputs.more, 1);
    assert.equal(inputs.deploy_action, "CREATE");
    assert.equal(inputs.deploy_stack_id, path.replace("stacks/", ""));
    assert.equal(inputs.deploy_resource_name, "d");
    assert.equal(inputs.deploy_signal_transport, "CFN_SIGNAL");
    assert.equal(inputs.deploy_signal_verb, "POST");
    // As os-collect-config does it.
    const { resource } = (await t.ask("GET", `${path}/resources/s`)).body;
    const { heat: mine, collectors } = resource.attributes.os_collect_config;
    assert.deepEqual(collectors, ["heat", "local"]);
    const identity = { methods: ["password"], password: { user: { id: mine.user_id, password: mine.password } } };
    const login = await t.request("POST", `${new URL(mine.auth_url).pathname}/auth/tokens`, {
      body: { auth: { identity, scope: { project: { id: mine.project_id } } } },
    });
    const token = login.headers.get("x-subject-token") ?? "";
    const own = (
      await t.request("GET", `/heat-api/v1/${mine.project_id}/stacks/${mine.stack_id}/resources/s/metadata`, { token })
    ).body;
    assert.equal(own.metadata.deployments[0].id, one.id);
    const polled = await t.request(
      "GET",
      `/heat-api/v1/${mine.project_id}/software_deployments/metadata/${resource.physical_resource_id}`,
      { token },
    );
    assert.deepEqual(
      polled.body.metadata.map(({ id }: Json) => id),
      [one.id],
    );
    await send(inputs, { deploy_stdout: "yo\n", deploy_status_code: 0, result: "fine", unknown: 1 });
    await t.idle();
    assert.equal(await state(path), "CREATE_COMPLETE");
    assert.deepEqual(await outputs(path), { stdout: "yo\n", code: 0, result: "fine" });
    const { events } = (await t.ask("GET", `${path}/resources/d/events`)).body;
    assert.ok(
      events.some((event: Json) => /^Signal: deployment [0-9a-f-]+ succeeded$/.test(event.resource_status_reason)),
    );
    await t.ask("DELETE", path);
    await t.idle();
    assert.equal(await state(path), "DELETE_COMPLETE");
    assert.deepEqual((await t.ask("GET", "software_deployments")).body.software_deployments, []);
    assert.deepEqual((await t.ask("GET", "software_configs")).body.software_configs, []);
  });

  test("a status, or an output that stands for errors, makes it a failure", async () => {
    for (const [body, reason] of [
      [{ deploy_status_code: 3 }, "deploy_status_code : Deployment exited with non-zero status code: 3"],
      [{ wrong: "bad" }, "wrong : bad"],
    ] as const) {
      const path = await begin("fail", hot({ s: server(), c: config(), d: deployment() }));
      await send(inputsOf((await told(path))[0] as Json), body);
      await t.idle();
      const { stack_status_reason } = (await t.ask("GET", path)).body.stack;
      assert.equal(
        stack_status_reason,
        `Resource CREATE failed: Error: resources.d: Deployment to server failed: ${reason}`,
      );
      await t.ask("DELETE", path);
      await t.idle();
    }
  });

  test("an update has it run again, with the action in its inputs; NO_SIGNAL waits for nothing", async () => {
    const template = (word: string) =>
      hot({ s: server(), c: config(), d: deployment({ input_values: { word }, signal_transport: "NO_SIGNAL" }) });
    const stack = await t.make("again", template("a"));
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE");
    const [before] = await told(stack.path);
    await stack.update(template("b"));
    const [now, ...others] = await told(stack.path);
    assert.deepEqual(others, []);
    assert.notEqual(now?.id, before?.id);
    assert.equal(inputsOf(now as Json).word, "b");
    assert.equal(inputsOf(now as Json).deploy_action, "UPDATE");
  });

  test("TEMP_URL_SIGNAL: what is put into the object store is the signal", async () => {
    const path = await begin(
      "temp",
      hot({ s: server(), c: config(), d: deployment({ signal_transport: "TEMP_URL_SIGNAL" }) }, OUT),
    );
    await send(inputsOf((await told(path))[0] as Json), { deploy_stdout: "x", deploy_status_code: 0 });
    await t.idle();
    assert.equal(await state(path), "CREATE_COMPLETE");
    assert.equal((await outputs(path)).stdout, "x");
  });

  test("structured configs have values in the places of their inputs; groups deploy to several servers", async () => {
    const structured = {
      type: "OS::Heat::StructuredConfig",
      properties: {
        group: "g",
        config: { a: { get_input: "word" }, b: [{ get_input: "none" }] },
        inputs: [{ name: "word" }],
      },
    };
    const stack = await t.make(
      "structured",
      hot(
        {
          s: server(),
          c: structured,
          d: {
            type: "OS::Heat::StructuredDeploymentGroup",
            properties: {
              config: { get_resource: "c" },
              servers: { one: { get_resource: "s" } },
              input_values: { word: "w" },
              signal_transport: "NO_SIGNAL",
            },
          },
        },
        { codes: { get_attr: ["d", "deploy_status_codes"] } },
      ),
    );
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE", (await stack.show()).stack_status_reason);
    assert.deepEqual((await told(stack.path))[0]?.config, { a: "w", b: [null] });
    assert.deepEqual((await stack.outputs()).codes, { one: null });
  });

  test("a component runs what is for the action; two for one action are refused", async () => {
    const component = (second: string) => ({
      type: "OS::Heat::SoftwareComponent",
      properties: {
        configs: [
          { actions: ["CREATE"], config: "one", tool: "script" },
          { actions: [second], config: "two", tool: "script" },
        ],
      },
    });
    const stack = await t.make(
      "component",
      hot({ s: server(), c: component("DELETE"), d: deployment({ signal_transport: "NO_SIGNAL" }) }),
    );
    assert.equal((await told(stack.path))[0]?.group, "component");
    const refused = await t.ask("POST", "stacks", { stack_name: "twice", template: hot({ c: component("CREATE") }) });
    assert.match(refused.body.error.message, /Defining more than one configuration for the same action/);
  });

  test("a server that does not ask for software is no place for a deployment; what this cloud lacks is refused", async () => {
    const nova = { type: "OS::Nova::Server", properties: { flavor: "m1.tiny", image: "x" } };
    const refused = async (resources: Json, message: RegExp) => {
      const answer = await t.ask("POST", "stacks", { stack_name: "no", template: hot(resources) });
      assert.equal(answer.status, 400);
      assert.match(answer.body.error.message, message);
    };
    await refused({ s: server("ZAQAR_MESSAGE") }, /ZAQAR_MESSAGE/);
    await refused({ s: server(), c: config(), d: deployment({ signal_transport: "ZAQAR_SIGNAL" }) }, /zaqar/);
    await refused({ s: nova, c: config(), d: deployment() }, /image|user_data_format should be set to SOFTWARE_CONFIG/);
  });

  test("messages of parts are read as they were written", () => {
    const parts = [
      { content: "#!/bin/sh\necho a\n", subtype: "x-shellscript", filename: "a.sh" },
      { content: "grüße\n", subtype: "plain", filename: null },
    ];
    const read = mimeParts(mimeMessage(parts, "seed"));
    assert.deepEqual(read, [{ ...parts[0], content: "#!/bin/sh\necho a\n" }, parts[1]]);
    assert.equal(mimeParts("#!/bin/sh\n"), null);
  });
});

test("a deployment that nobody answers has failed when its stack's time is over, and goes without a wait", async () => {
  const clock = new ManualClock(Date.now());
  const t = await heat({ clock });
  try {
    const template = hot({ s: server(), c: config(), d: deployment() });
    const made = await t.ask("POST", "stacks", { stack_name: "late", template, timeout_mins: 1 });
    const path = `stacks/late/${made.body.stack.id}`;
    const deployments = async () => (await t.ask("GET", "software_deployments")).body.software_deployments as Json[];
    await until("it has been handed out", 20, async () => {
      clock.advance(100);
      return (await deployments()).some(({ status }) => status === "IN_PROGRESS");
    });
    await until("the time is over", 20, async () => {
      clock.advance(10_000);
      return (await t.ask("GET", path)).body.stack.stack_status === "CREATE_FAILED";
    });
    const [late] = await deployments();
    assert.deepEqual([late?.status, late?.status_reason], ["FAILED", "Deployment cancelled."]);
    assert.equal((await t.ask("DELETE", path)).status, 204);
    await t.idle();
    assert.equal((await t.ask("GET", path)).body.stack.stack_status, "DELETE_COMPLETE");
    assert.deepEqual(await deployments(), []);
  } finally {
    await t.close();
  }
});
