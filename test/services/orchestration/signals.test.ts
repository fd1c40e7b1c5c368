import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import type { Json } from "../../support/json.ts";
import { until } from "../../support/patience.ts";
import { type Heat, heat, hot } from "./support.ts";

const handle = (transport?: string) => ({
  type: "OS::Heat::WaitConditionHandle",
  ...(transport === undefined ? {} : { properties: { signal_transport: transport } }),
});
const condition = (more: Json = {}, name = "h") => ({
  type: "OS::Heat::WaitCondition",
  properties: { handle: { get_resource: name }, timeout: 600, ...more },
});

interface Waiting {
  path: string;
  id: string;
  show(): Promise<Json>;
  outputs(): Promise<Record<string, Json>>;
  resource(name: string): Promise<Json>;
  /** Its resource's events' reasons of an action, oldest first. */
  reasons(name: string, action: string): Promise<string[]>;
}

describe("signals", () => {
  let t: Heat;
  const clock = new ManualClock(Date.now());
  before(async () => {
    t = await heat({ clock });
  });
  after(() => t.close());

  /** A stack that is begun, up to where `name` waits. */
  async function begun(stack: string, template: Json, name = "w"): Promise<Waiting> {
    const answer = await t.ask("POST", "stacks", { stack_name: stack, template });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    const { id } = answer.body.stack;
    const path = `stacks/${stack}/${id}`;
    const resource = async (one: string) => (await t.ask("GET", `${path}/resources/${one}`)).body.resource;
    await until("it waits", 20, async () => (await resource(name)).resource_status === "CREATE_IN_PROGRESS");
    const show = async () => (await t.ask("GET", path)).body.stack;
    return {
      path,
      id,
      show,
      resource,
      outputs: async () =>
        Object.fromEntries((await show()).outputs.map((one: Json) => [one.output_key, one.output_value])),
      async reasons(one, action) {
        const { events } = (await t.ask("GET", `${path}/resources/${one}/events?sort_dir=asc`)).body;
        const wanted = events.filter((event: Json) => event.resource_status.startsWith(action));
        return wanted.map((event: Json) => event.resource_status_reason);
      },
    };
  }

  /** Without a token, as a guest does it. */
  const guest = (method: string, url: string, body?: unknown, token?: string) => {
    const { pathname, search } = new URL(url);
    return t.request(method, pathname + search, {
      ...(body === undefined ? {} : { body }),
      ...(token === undefined ? {} : { token }),
    });
  };

  const waits = (transport?: string, more: Json = {}) =>
    hot(
      { h: handle(transport), w: condition(more) },
      {
        curl: { get_attr: ["h", "curl_cli"] },
        endpoint: { get_attr: ["h", "endpoint"] },
        token: { get_attr: ["h", "token"] },
        signal: { get_attr: ["h", "signal"] },
        data: { get_attr: ["w", "data"] },
      },
    );

  test("a condition is made once as many signals came as it waits for; what they bring is its data", async () => {
    const stack = await begun("count", waits(undefined, { count: 3 }));
    const { curl, endpoint, token, signal, data } = await stack.outputs();
    const { stack_user_project_id } = await stack.show();
    assert.match(endpoint, new RegExp(`/heat-api/v1/${stack_user_project_id}/${stack.path}/resources/h/signal$`));
    assert.equal(
      curl,
      `curl -i -X POST -H 'X-Auth-Token: ${token}' -H 'Content-Type: application/json' -H 'Accept: application/json' ${endpoint}`,
    );
    assert.equal(signal, "null");
    assert.equal(data, "{}");
    const sent = async (body?: unknown) => {
      const answer = await guest("POST", endpoint, body, token);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      assert.equal(answer.body, null);
    };
    await sent({ id: "a", status: "SUCCESS", reason: "ok", data: "one" });
    await sent({ id: "a", status: "SUCCESS", data: "again" });
    // What is no signal is nobody's error, and counts for nothing.
    await sent({ bogus: "x" });
    await sent({ status: "MAYBE" });
    assert.equal((await stack.resource("w")).resource_status, "CREATE_IN_PROGRESS");
    await sent();
    await sent({ data: 5 });
    await t.idle();
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE");
    assert.equal((await stack.outputs()).data, '{"2": null, "3": 5, "a": "again"}');
    assert.deepEqual(await stack.reasons("h", "SIGNAL"), [
      "Signal: status:SUCCESS reason:ok",
      "Signal: status:SUCCESS reason:Signal 2 received",
      "Signal: status:SUCCESS reason:Signal 2 received",
      "Signal: status:SUCCESS reason:Signal 3 received",
    ]);
    // Its owner may, too; and more of them do not hurt.
    assert.equal((await t.ask("POST", `${stack.path}/resources/h/signal`, { id: "late" })).status, 200);
  });

  test("a signal of failure ends it with its reason", async () => {
    const stack = await begun("fails", waits());
    const { endpoint, token } = await stack.outputs();
    await guest("POST", endpoint, { status: "FAILURE", reason: "boom" }, token);
    await t.idle();
    const { stack_status, stack_status_reason } = await stack.show();
    assert.equal(stack_status, "CREATE_FAILED");
    assert.equal(stack_status_reason, "Resource CREATE failed: WaitConditionFailure: resources.w: boom");
  });

  test("a condition whose time is over tells how many came", async () => {
    const stack = await begun("late", waits(undefined, { count: 2 }));
    const { endpoint, token } = await stack.outputs();
    await guest("POST", endpoint, { id: "a", reason: "first" }, token);
    clock.advance(599_000);
    assert.equal((await stack.resource("w")).resource_status, "CREATE_IN_PROGRESS");
    clock.advance(2000);
    await t.idle();
    const { stack_status_reason } = await stack.show();
    assert.equal(
      stack_status_reason,
      "Resource CREATE failed: WaitConditionTimeout: resources.w: 1 of 2 received - first",
    );
  });

  test("the user of a handle may signal it, and do nothing else; it goes with the handle", async () => {
    const template = waits();
    template.resources.other = handle();
    const stack = await begun("only", template);
    const { endpoint, token } = await stack.outputs();
    const project = (await stack.show()).stack_user_project_id;
    const base = `/heat-api/v1/${project}`;
    const ask = async (method: string, path: string, body?: unknown) =>
      (await t.request(method, path, { token, ...(body === undefined ? {} : { body }) })).status;
    assert.equal(
      await ask("POST", endpoint.replace("/h/signal", "/other/signal").replace(/^https?:\/\/[^/]+/, "")),
      403,
    );
    assert.equal(await ask("GET", `${base}/${stack.path}/resources/h/metadata`), 200);
    assert.equal(await ask("GET", `${base}/${stack.path}/resources/w/metadata`), 403);
    assert.equal(await ask("GET", `${base}/${stack.path}/resources/h`), 403);
    assert.equal(await ask("GET", `${base}/stacks`), 403);
    assert.equal(await ask("POST", `${base}/stacks`, { stack_name: "x", template: hot({}) }), 403);
    assert.equal(await ask("DELETE", `${base}/${stack.path}`), 403);
    assert.equal(await ask("GET", `/heat-api/v1/${t.project}/${stack.path}`), 403);
    for (const path of ["/compute/v2.1/flavors", "/networking/v2.0/networks", "/image/v2/images"]) {
      const answer = await t.request("GET", path, { token });
      const listed = Object.values(answer.body).find(Array.isArray) as Json[] | undefined;
      const own = (listed ?? []).filter(
        (one) => one.project_id === t.project && one.shared !== true && one.visibility !== "public",
      );
      assert.deepEqual(own, [], `${path} shows nothing of the owner's`);
    }
    // Another stack's handle is not there for it.
    const other = await begun("only2", waits());
    const theirs = (await other.outputs()).endpoint.replace(/^https?:\/\/[^/]+/, "");
    assert.equal(await ask("POST", theirs), 403);
    assert.equal(await ask("POST", theirs.replace((await other.show()).stack_user_project_id, project)), 404);
    await t.ask("DELETE", stack.path);
    await until("it is gone", 20, async () => (await stack.show()).stack_status === "DELETE_COMPLETE");
    assert.equal(await ask("GET", `${base}/${stack.path}/resources/h/metadata`), 401);
    const users = (await adminAsk("GET", "/identity/v3/users?name=only")).body.users;
    assert.deepEqual(users, []);
    assert.equal((await adminAsk("GET", `/identity/v3/projects/${project}`)).status, 404);
    await t.ask("DELETE", other.path);
    await t.idle();
  });

  let admin = "";
  const adminAsk = async (method: string, path: string, body?: unknown) => {
    if (admin === "") {
      const { passwordLogin } = await import("../../support/identity.ts");
      const login = await t.request("POST", "/identity/v3/auth/tokens", {
        body: passwordLogin("admin", "admin", "secret"),
      });
      admin = login.headers.get("x-subject-token") ?? "";
    }
    return t.request(method, path, { token: admin, ...(body === undefined ? {} : { body }) });
  };

  test("stack makes the domain and the roles that heat has", async () => {
    const domains = (await adminAsk("GET", "/identity/v3/domains?name=heat")).body.domains;
    assert.equal(domains[0].description, "Owns users and projects created by heat");
    const roles = (await adminAsk("GET", "/identity/v3/roles")).body.roles.map(({ name }: Json) => name);
    for (const role of ["heat_stack_owner", "heat_stack_user"]) assert.ok(roles.includes(role), role);
  });

  test("HEAT_SIGNAL gives what one logs in with", async () => {
    const stack = await begun("login", waits("HEAT_SIGNAL"));
    const { signal, endpoint, token } = await stack.outputs();
    assert.equal(endpoint, null);
    assert.equal(token, null);
    const given = JSON.parse(signal);
    assert.deepEqual(Object.keys(given), [
      "auth_url",
      "username",
      "user_id",
      "password",
      "project_id",
      "domain_id",
      "region_name",
      "alarm_url",
    ]);
    const identity = { methods: ["password"], password: { user: { id: given.user_id, password: given.password } } };
    const scope = { project: { id: given.project_id } };
    const login = await guest("POST", `${given.auth_url}/auth/tokens`, { auth: { identity, scope } });
    assert.equal(login.status, 201);
    assert.deepEqual(
      login.body.token.roles.map(({ name }: Json) => name),
      ["heat_stack_user"],
    );
    const answer = await guest("POST", given.alarm_url, undefined, login.headers.get("x-subject-token") ?? "");
    assert.equal(answer.status, 200);
    await t.idle();
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE");
  });

  test("NO_SIGNAL waits for nothing, ZAQAR_SIGNAL is refused where there is no zaqar", async () => {
    const stack = await t.make("none", waits("NO_SIGNAL"));
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE");
    assert.equal((await stack.outputs()).signal, "{}");
    const refused = await t.ask("POST", "stacks", { stack_name: "zaqar", template: waits("ZAQAR_SIGNAL") });
    assert.equal(refused.status, 400);
    assert.match(refused.body.error.message, /Service zaqar is not available/);
  });

  test("TEMP_URL_SIGNAL: each PUT to a signed URL is a signal; nothing is left in the object store", async () => {
    const stack = await begun("temp", waits("TEMP_URL_SIGNAL", { count: 3 }));
    const { alarm_url } = JSON.parse((await stack.outputs()).signal);
    for (const body of ['{"id": "a", "data": 1}', "", '{"data": "x"}']) {
      const { pathname, search } = new URL(alarm_url);
      assert.equal((await t.fetch(pathname + search, { method: "PUT", body })).status, 201);
      clock.advance(1000);
    }
    await untilDone(stack);
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE");
    assert.equal((await stack.outputs()).data, '{"2": null, "3": "x", "a": 1}');
    const containers = () => t.ask("GET", `/object-store/v1/AUTH_${t.project}?format=json`);
    assert.deepEqual(
      (await containers()).body.map(({ name }: Json) => name),
      [stack.id],
    );
    await t.ask("DELETE", stack.path);
    await t.idle();
    assert.deepEqual((await containers()).body, []);
  });

  /** Time passes until nothing is under way any more. */
  async function untilDone(stack: Waiting): Promise<void> {
    await until("the stack is done", 20, async () => {
      clock.advance(1000);
      return !(await stack.show()).stack_status.endsWith("IN_PROGRESS");
    });
    await t.idle();
  }

  test("SwiftSignal counts what lies in its handle's place", async () => {
    const template = hot(
      {
        h: { type: "OS::Heat::SwiftSignalHandle" },
        w: { type: "OS::Heat::SwiftSignal", properties: { handle: { get_resource: "h" }, timeout: 600, count: 2 } },
      },
      {
        curl: { get_attr: ["h", "curl_cli"] },
        endpoint: { get_attr: ["h", "endpoint"] },
        token: { get_attr: ["h", "token"] },
        data: { get_attr: ["w", "data"] },
      },
    );
    const stack = await begun("swift", template);
    const { endpoint, curl, token, data } = await stack.outputs();
    assert.equal(curl, `curl -i -X PUT '${endpoint}'`);
    assert.equal(token, "");
    assert.equal(data, "null");
    const { pathname, search } = new URL(endpoint);
    const put = async (body: string) => {
      assert.equal((await t.fetch(pathname + search, { method: "PUT", body })).status, 201);
      clock.advance(1000);
    };
    await put('{"id": "a", "data": 1}');
    await put('{"id": "a", "data": 2}');
    await put('{"id": "b", "status": "SUCCESS"}');
    await untilDone(stack);
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE");
    assert.equal((await stack.outputs()).data, '{"a": 2, "b": null}');
    await t.ask("DELETE", stack.path);
    await t.idle();
    const failing = await begun("swift2", template);
    const place = new URL((await failing.outputs()).endpoint);
    await t.fetch(place.pathname + place.search, { method: "PUT", body: '{"status": "FAILURE", "reason": "no"}' });
    await untilDone(failing);
    assert.match((await failing.show()).stack_status_reason, /SwiftSignalFailure: resources\.w: no$/);
  });

  test("a condition on what is no handle fails", async () => {
    const stack = await t.make("nohandle", hot({ h: { type: "OS::Heat::RandomString" }, w: condition() }));
    const { stack_status_reason } = await stack.show();
    assert.equal(
      stack_status_reason,
      "Resource CREATE failed: ValueError: resources.w: h is not a valid wait condition handle.",
    );
  });

  test("nothing that is suspended or goes takes signals; hooks of others are told apart", async () => {
    const stack = await t.make("susp", waits("NO_SIGNAL"));
    await t.ask("POST", `${stack.path}/actions`, { suspend: null });
    await t.idle();
    const answer = await t.ask("POST", `${stack.path}/resources/h/signal`, {});
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.message, "Signal resource during SUSPEND is not supported.");
    await t.ask("POST", `${stack.path}/actions`, { resume: null });
    await t.idle();
    const none = await t.ask("POST", `${stack.path}/resources/w/signal`, {});
    assert.equal(none.body.error.message, "signal is not supported for resource.");
  });

  test("every update makes an UpdateWaitConditionHandle anew, and what waits for it", async () => {
    const template = (salt: string) =>
      hot(
        {
          h: { type: "OS::Heat::UpdateWaitConditionHandle" },
          r: { type: "OS::Heat::RandomString", properties: { salt } },
        },
        { url: { get_resource: "h" } },
      );
    const stack = await t.make("renewed", template("a"));
    const before = await stack.outputs();
    assert.match(before.url, /\/heat-api-cfn\/v1\/waitcondition\/arn%3Aopenstack%3Aheat%3A%3A/);
    await stack.update(template("b"));
    const now = await stack.outputs();
    assert.notEqual(now.url, before.url);
    assert.equal((await stack.show()).stack_status, "UPDATE_COMPLETE");
    await stack.delete();
    assert.equal((await stack.show()).stack_status, "DELETE_COMPLETE");
  });
});
