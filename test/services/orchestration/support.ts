import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Logger } from "../../../src/kernel/log/logger.ts";
import type { Clock } from "../../../src/kernel/time/clock.ts";
import { createServices } from "../../../src/services.ts";
import { type Answer, type TestCloud, testCloud } from "../../support/cloud.ts";
import { passwordLogin } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";
import { testSettings } from "../../support/settings.ts";

/** A whole cloud over fake drivers, and the user demo in it. */
export interface Heat extends TestCloud {
  project: string;
  token: string;
  /** Below /v1/<project>, or a path of another service, or a URL. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Makes a stack and waits for it. */
  make(name: string, template: Json, more?: Json): Promise<Stack>;
  idle(): Promise<void>;
}

export interface Stack {
  id: string;
  /** "stacks/NAME/ID" */
  path: string;
  show(): Promise<Json>;
  outputs(): Promise<Record<string, Json>>;
  /** Name → its resource. */
  resources(): Promise<Record<string, Json>>;
  update(template: Json, more?: Json): Promise<void>;
  delete(): Promise<void>;
}

export async function heat(options: { clock?: Clock; local?: Record<string, string> } = {}): Promise<Heat> {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-heat-"));
  const settings = testSettings({}, { DATA_DIR: directory, ...options.local });
  const log = new Logger("test", { sink: () => {}, level: "error", requestId: () => null });
  const { clock } = options;
  const services = await createServices({ settings, log, ready: null });
  const t = await testCloud(services, { settings, ...(clock === undefined ? {} : { clock }) });
  await t.cloud.seed();
  const login = await t.request("POST", "/identity/v3/auth/tokens", { body: passwordLogin("demo", "demo", "secret") });
  const token = login.headers.get("x-subject-token") ?? "";
  const project = login.body.token.project.id as string;
  const keepAlive = setInterval(() => {}, 1000);
  const idle = async () => {
    await t.cloud.kernel.operations.idle();
    await t.cloud.kernel.events.idle();
  };
  const ask: Heat["ask"] = (method, path, body, headers = {}) => {
    const url = path.startsWith("http") ? new URL(path).pathname : path;
    const full = url.startsWith("/") ? url : `/heat-api/v1/${project}/${url}`;
    const sent = { accept: "application/json", ...headers };
    return t.request(method, full, { token, headers: sent, ...(body === undefined ? {} : { body }) });
  };
  const stack = (name: string, id: string): Stack => {
    const path = `stacks/${name}/${id}`;
    return {
      id,
      path,
      show: async () => (await ask("GET", path)).body.stack,
      outputs: async () =>
        Object.fromEntries(
          (await ask("GET", path)).body.stack.outputs.map((one: Json) => [one.output_key, one.output_value]),
        ),
      resources: async () =>
        Object.fromEntries(
          (await ask("GET", `${path}/resources`)).body.resources.map((one: Json) => [one.resource_name, one]),
        ),
      async update(template, more = {}) {
        const answer = await ask("PUT", path, { template, ...more });
        assert.equal(answer.status, 202, JSON.stringify(answer.body));
        await idle();
      },
      async delete() {
        assert.equal((await ask("DELETE", path)).status, 204);
        await idle();
      },
    };
  };
  return {
    ...t,
    project,
    token,
    ask,
    idle,
    async make(name, template, more = {}) {
      const answer = await ask("POST", "stacks", { stack_name: name, template, ...more });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      await idle();
      return stack(name, answer.body.stack.id);
    },
    async close() {
      clearInterval(keepAlive);
      await t.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A template of these resources and outputs. */
export const hot = (resources: Json, outputs: Record<string, unknown> = {}, more: Json = {}): Json => ({
  heat_template_version: "2021-04-16",
  resources,
  outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value }])),
  ...more,
});
