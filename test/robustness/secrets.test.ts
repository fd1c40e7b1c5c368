import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createApps } from "../../src/app.ts";
import { renderTree } from "../../src/cli/explain.ts";
import { styleFor } from "../../src/cli/terminal.ts";
import { Database } from "../../src/kernel/db/database.ts";
import { type Cloud, createCloud } from "../../src/kernel/kernel.ts";
import { fileSink } from "../../src/kernel/log/file-sink.ts";
import { Logger } from "../../src/kernel/log/logger.ts";
import { createServices } from "../../src/services.ts";
import { passwordLogin } from "../support/identity.ts";
import type { Json } from "../support/json.ts";
import { testSettings } from "../support/settings.ts";

/** Values that can be found again wherever they may have been written. */
const ADMIN = "adminPassword-4d1e";
const SERVICE = "servicePassword-77aa";
const USER = "userPassword-9c3f";
const NEXT = "nextPassword-5e6d";
const WRONG = "wrongPassword-8b0a";
const APPLICATION = "applicationSecret-2f7c";
const EC2_SECRET = "ec2Secret-6a5b4c3d";
const TOTP = "totpSeed-0f1e2d3c";
const USER_DATA = Buffer.from("#!/bin/sh\n# userData-3c4d5e6f\n").toString("base64");
const GUEST = "guestPassword-a1b2c3";
const FILE = Buffer.from("personalityFile-d4e5f6a7").toString("base64");
const PRESIGNED = "presignedSignature-b8c9d0";

describe("secrets", () => {
  let cloud: Cloud;
  let db: Database;
  let directory: string;
  let closeLogs: () => void;
  /** What must not be found in logs and traces: the values above, and what answers handed out. */
  const secrets = new Set([ADMIN, SERVICE, USER, NEXT, WRONG, APPLICATION, EC2_SECRET, TOTP, USER_DATA]);
  for (const secret of [GUEST, FILE, PRESIGNED]) secrets.add(secret);
  /** Of those, what the database has to keep: to show it again (user data, EC2 keys), or until the work is done. */
  const stored = new Set([EC2_SECRET, TOTP, USER_DATA, PRESIGNED]);
  const requestIds = new Set<string>();

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "tenrec-secrets-"));
    const settings = testSettings(
      { logging: { debug: true } },
      { DATA_DIR: directory, ADMIN_PASSWORD: ADMIN, SERVICE_PASSWORD: SERVICE },
    );
    db = new Database({ path: join(directory, "tenrec.db") });
    const { sink, close } = fileSink({ directory: join(directory, "logs"), keepDays: 7 });
    closeLogs = close;
    const log = new Logger("test", { sink, level: "debug" });
    const services = await createServices({ settings, log, ready: null });
    cloud = createCloud({ settings, db, services, sink, logLevel: "debug" });
    await cloud.start();
    await cloud.seed();
  });
  after(async () => {
    await cloud.stop();
    db.close();
    closeLogs();
    rmSync(directory, { recursive: true, force: true });
  });

  /** One request; remembers its id and the token it may hand out. Any status: failures are looked at too. */
  async function call(method: string, path: string, token?: string, body?: unknown, headers: object = {}) {
    const response = await createApps(cloud).all.request(path, {
      method,
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        ...(token === undefined ? {} : { "x-auth-token": token, "x-service-token": token }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    requestIds.add(response.headers.get("x-openstack-request-id") ?? "");
    const subject = response.headers.get("x-subject-token");
    if (subject !== null) secrets.add(subject);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true && text !== "";
    return { status: response.status, subject: subject ?? "", body: (isJson ? JSON.parse(text) : text) as Json };
  }

  async function must(expected: number, ...[method, path, token, body, headers]: Parameters<typeof call>) {
    const answer = await call(method, path, token, body, headers);
    assert.equal(answer.status, expected, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  const idle = async () => {
    await cloud.kernel.operations.idle();
    await cloud.kernel.events.idle();
  };

  async function identity(): Promise<{ admin: string; token: string; projectId: string }> {
    const v3 = "/identity/v3";
    const admin = (await must(201, "POST", `${v3}/auth/tokens`, undefined, passwordLogin("admin", "admin", ADMIN)))
      .subject;
    const user = { name: "keeper", password: USER };
    const userId = (await must(201, "POST", `${v3}/users`, admin, { user })).body.user.id;
    const projectId = (await call("GET", `${v3}/projects?name=demo`, admin)).body.projects[0].id;
    const role = (await call("GET", `${v3}/roles?name=member`, admin)).body.roles[0].id;
    await must(204, "PUT", `${v3}/projects/${projectId}/users/${userId}/roles/${role}`, admin);
    await call("POST", `${v3}/users`, admin, { user });
    await call("POST", `${v3}/users`, admin, { user: { ...user, password: [USER] } });
    await must(401, "POST", `${v3}/auth/tokens`, undefined, passwordLogin("keeper", "demo", WRONG));
    await call("POST", `${v3}/auth/tokens`, undefined, `{"auth": {"password": "${USER}"`);
    const change = { user: { original_password: USER, password: NEXT } };
    await must(204, "POST", `${v3}/users/${userId}/password`, undefined, change);
    const login = await must(201, "POST", `${v3}/auth/tokens`, undefined, passwordLogin("keeper", "demo", NEXT));
    const token = login.subject;
    const old = { auth: { tenantName: "demo", passwordCredentials: { username: "keeper", password: NEXT } } };
    secrets.add((await must(200, "POST", "/identity/v2.0/tokens", undefined, old)).body.access.token.id);
    await call("GET", `/identity/v2.0/tokens/${token}`, admin);
    await call("GET", `/identity/v2.0/tokens/${token}x`, token);
    await must(200, "GET", `${v3}/auth/tokens`, admin, undefined, { "x-subject-token": token });
    const spare = await must(201, "POST", `${v3}/auth/tokens`, undefined, passwordLogin("keeper", null, NEXT));
    await must(204, "DELETE", `${v3}/auth/tokens`, token, undefined, { "x-subject-token": spare.subject });

    const credentials = `${v3}/users/${userId}/application_credentials`;
    const wish = { application_credential: { name: "a", secret: APPLICATION, unrestricted: true } };
    const { id } = (await must(201, "POST", credentials, token, wish)).body.application_credential;
    await must(409, "POST", credentials, token, wish);
    const generated = await must(201, "POST", credentials, token, { application_credential: { name: "b" } });
    secrets.add(generated.body.application_credential.secret);
    for (const secret of [APPLICATION, WRONG]) {
      const methods = ["application_credential"];
      const auth = { identity: { methods, application_credential: { id, secret } } };
      await call("POST", `${v3}/auth/tokens`, undefined, { auth });
    }
    const keys = `${v3}/users/${userId}/credentials/OS-EC2`;
    const made = (await must(201, "POST", keys, token, { tenant_id: projectId })).body.credential;
    secrets.add(made.secret);
    stored.add(made.secret);
    await must(204, "DELETE", `${keys}/${made.access}`, token);
    const blob = JSON.stringify({ access: "access-key", secret: EC2_SECRET });
    const key = { credential: { type: "ec2", blob, project_id: projectId } };
    await must(201, "POST", `${v3}/credentials`, token, key);
    await must(409, "POST", `${v3}/credentials`, token, key);
    const totp = { credential: { type: "totp", blob: TOTP, project_id: projectId } };
    await must(201, "POST", `${v3}/credentials`, token, totp);
    const text = "GET\nhost\n/\nSignatureVersion=2";
    const signature = createHmac("sha256", EC2_SECRET).update(text).digest("base64");
    secrets.add(signature);
    const signed = { access: "access-key", signature, host: "host", verb: "GET", path: "/" };
    const params = { SignatureVersion: "2" };
    await must(200, "POST", `${v3}/ec2tokens`, admin, { credentials: { ...signed, params } });
    await must(401, "POST", `${v3}/ec2tokens`, admin, { credentials: { ...signed, verb: "PUT", params } });
    return { admin, token, projectId };
  }

  async function images(token: string): Promise<string> {
    const base = "/image/v2/images";
    const make = async () => {
      const wish = { name: "i", disk_format: "raw", container_format: "bare" };
      return (await must(201, "POST", base, token, wish)).body.id;
    };
    const id = await make();
    const stream = { "content-type": "application/octet-stream" };
    await must(204, "PUT", `${base}/${id}/file`, token, "x".repeat(1024), stream);
    // Refused, not resolvable (the task fails later), and no answer of ours.
    for (const host of ["http://127.0.0.1/x", "http://no-such-host.invalid/x", `http://user:${PRESIGNED}@8.8.8.8/`]) {
      const uri = `${host}?X-Amz-Signature=${PRESIGNED}`;
      await call("POST", `${base}/${await make()}/import`, token, { method: { name: "web-download", uri } });
    }
    return id;
  }

  /** The console token that it got. */
  async function servers(token: string, imageRef: string): Promise<string> {
    const base = "/compute/v2.1";
    const latest = { "openstack-api-version": "compute 2.79" };
    const keypair = await must(200, "POST", `${base}/os-keypairs`, token, { keypair: { name: "k" } });
    secrets.add(keypair.body.keypair.private_key.split("\n")[2]);
    const networks = (await call("GET", "/networking/v2.0/networks?name=private", token)).body.networks;
    const wish = { name: "vm", imageRef, flavorRef: "42", user_data: USER_DATA, adminPass: GUEST, key_name: "k" };
    const network = { networks: [{ uuid: networks[0].id }] };
    const personality = [{ path: "/etc/x", contents: FILE }];
    const created = await must(202, "POST", `${base}/servers`, token, { server: { ...wish, ...network, personality } });
    const generated = await must(202, "POST", `${base}/servers`, token, {
      server: { ...wish, ...network, adminPass: undefined },
    });
    secrets.add(generated.body.server.adminPass);
    await call("POST", `${base}/servers`, token, { server: { ...wish, imageRef: "no-such-image", personality } });
    await call("POST", `${base}/servers`, token, { server: { ...wish, unknown: GUEST, personality } });
    await call("POST", `${base}/servers`, token, { server: { ...wish, user_data: `${USER_DATA}!` } }, latest);
    await idle();
    const path = `${base}/servers/${created.body.server.id}/action`;
    const act = async (action: object, headers = {}) => {
      const answer = await call("POST", path, token, action, headers);
      await idle();
      return answer;
    };
    await act({ changePassword: { adminPass: GUEST } });
    await act({ rebuild: { imageRef, adminPass: GUEST, personality } });
    await act({ rebuild: { imageRef, adminPass: GUEST, user_data: USER_DATA } }, latest);
    await act({ rescue: { adminPass: GUEST } });
    await act({ unrescue: null });
    const consoles = `${base}/servers/${created.body.server.id}/remote-consoles`;
    const wanted = { remote_console: { protocol: "vnc", type: "novnc" } };
    const vnc = await must(200, "POST", consoles, token, wanted, latest);
    const consoleToken = /token(?:=|%3D)([\w-]+)/.exec(vnc.body.remote_console.url)?.[1] ?? "";
    assert.ok(consoleToken.length >= 20);
    secrets.add(consoleToken);
    await call("GET", `${base}/os-console-auth-tokens/${consoleToken}`, token);
    await must(204, "DELETE", `${base}/servers/${created.body.server.id}`, token);
    await idle();
    return consoleToken;
  }

  /** The same with a table gone, so that each ends in an internal error, whose cause is logged. */
  async function failures(token: string, projectId: string, imageRef: string): Promise<void> {
    const without = async (table: string, ...calls: Parameters<typeof call>[]) => {
      db.exec(`ALTER TABLE ${table} RENAME TO away`);
      for (const args of calls) assert.equal((await call(...args)).status, 500, args.join(" "));
      db.exec(`ALTER TABLE away RENAME TO ${table}`);
    };
    const v3 = "/identity/v3";
    const login = passwordLogin("keeper", "demo", NEXT);
    const v2 = { auth: { tenantName: "demo", passwordCredentials: { username: "keeper", password: NEXT } } };
    const own = (await call("GET", `${v3}/auth/tokens`, token, undefined, { "x-subject-token": token })).body.token;
    const user = `${v3}/users/${own.user.id}`;
    await without(
      "identity_passwords",
      ["POST", `${v3}/auth/tokens`, undefined, login],
      ["POST", "/identity/v2.0/tokens", undefined, v2],
    );
    const change = { user: { original_password: NEXT, password: USER } };
    await without("identity_passwords", ["POST", `${user}/password`, undefined, change]);
    const credential = { name: "c", secret: APPLICATION };
    await without("identity_application_credentials", [
      "POST",
      `${user}/application_credentials`,
      token,
      { application_credential: credential },
    ]);
    const blob = JSON.stringify({ access: "other-key", secret: EC2_SECRET });
    await without("identity_credentials", [
      "POST",
      `${v3}/credentials`,
      token,
      { credential: { type: "ec2", blob, project_id: projectId } },
    ]);
    const uri = `http://8.8.8.8/?X-Amz-Signature=${PRESIGNED}`;
    await without("images", [
      "POST",
      `/image/v2/images/${imageRef}/import`,
      token,
      { method: { name: "web-download", uri } },
    ]);
    const server = { name: "vm", imageRef, flavorRef: "42", user_data: USER_DATA, adminPass: GUEST };
    await without("compute_servers", [
      "POST",
      "/compute/v2.1/servers",
      token,
      { server: { ...server, personality: [{ path: "/x", contents: FILE }] } },
    ]);
  }

  function readLogs(): Map<string, string> {
    const folder = join(directory, "logs");
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  }

  test("no token, password, user data or key is in a log file, a kept trace or what explain shows of it", async () => {
    const { admin, token, projectId } = await identity();
    const imageRef = await images(token);
    const consoleToken = await servers(token, imageRef);
    await failures(token, projectId, imageRef);
    db.exec("ALTER TABLE compute_console_tokens RENAME TO away");
    await must(500, "GET", `/compute/v2.1/os-console-auth-tokens/${consoleToken}`, admin);
    db.exec("ALTER TABLE away RENAME TO compute_console_tokens");
    const volume = { volume: { size: 1, metadata: { note: "x" } } };
    await must(202, "POST", `/volume/v3/${projectId}/volumes`, token, volume);
    await idle();
    cloud.kernel.tracer.flush();

    const logs = readLogs();
    const spans = db.prepare<[], { request_id: string }>("SELECT * FROM trace_spans").all();
    const places = new Map([...logs].map(([name, text]) => [`log ${name}`, text]));
    places.set("trace_spans", JSON.stringify(spans));
    for (const id of requestIds) {
      places.set(`explain ${id}`, renderTree(cloud.kernel.tracer.read(id), styleFor(false), true));
    }
    // All of it is really there to be looked through.
    assert.match([...logs.values()].join(""), /POST .v3.auth.tokens failed: no such table/, "the logs say something");
    assert.ok(spans.length > 50 && requestIds.size > 40 && secrets.size > 20, "so do the traces");
    assert.match([...places.values()].join("\n"), /users:create/);

    const found: string[] = [];
    for (const secret of secrets) {
      assert.ok(secret.length >= 12, secret);
      const plain = Buffer.from(secret, "base64").toString("latin1");
      for (const [place, text] of places) {
        const forms = [secret, encodeURIComponent(secret), ...(/\w{8}/.test(plain) ? [plain] : [])];
        if (forms.some((form) => text.includes(form))) found.push(`${place}: ${secret}`);
      }
    }
    assert.deepEqual(found, []);
  });

  test("the database keeps no password, token or private key: only what has to be shown again", async () => {
    const bytes = db.raw.serialize().toString("latin1");
    assert.ok(bytes.includes("keeper"), "this is the database");
    const found = [...secrets].filter((secret) => !stored.has(secret) && bytes.includes(secret));
    assert.deepEqual(found, []);
  });
});
