import { createHmac } from "node:crypto";
import { createApps } from "../../src/app.ts";
import { createDashboard, dashboardMigrations } from "../../src/dashboard/server/index.ts";
import type { Identity } from "../../src/kernel/auth/context.ts";
import { Database } from "../../src/kernel/db/database.ts";
import { computeEnvelope, family } from "../../src/kernel/http/families.ts";
import { type Cloud, createCloud } from "../../src/kernel/kernel.ts";
import type { LogRecord } from "../../src/kernel/log/logger.ts";
import { defineService, type Service } from "../../src/kernel/module.ts";
import type { Clock } from "../../src/kernel/time/clock.ts";
import type { IdentityFacade } from "../../src/services/identity/facade.ts";
import { signingKey } from "../../src/services/identity/manager/ec2-signatures.ts";
import type { Json } from "./json.ts";
import { testSettings } from "./settings.ts";

export interface TestCloud {
  cloud: Cloud;
  logs: LogRecord[];
  /** One request as `token` (see `identityStub`), answered with the parsed body. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** The same without any of that: the answer as it is. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export interface RequestOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
}

/** A cloud over an in-memory database that listens nowhere: the way to test a service's API. */
export async function testCloud(
  services: readonly Service[],
  options: { settings?: Parameters<typeof testSettings>[0]; clock?: Clock } = {},
): Promise<TestCloud> {
  const logs: LogRecord[] = [];
  const db = new Database({ path: ":memory:" });
  const cloud = createCloud({
    settings: testSettings(options.settings),
    db,
    services,
    migrations: dashboardMigrations,
    sink: (record) => logs.push(record),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  await cloud.start();
  const dashboard = createDashboard(cloud.kernel);
  const { all } = createApps(cloud, dashboard);
  return {
    cloud,
    logs,
    fetch: async (path, init) => all.request(path, init),
    async request(method, path, { token, body, headers = {} } = {}) {
      const sent: Record<string, string> = { ...headers };
      if (token !== undefined) sent["x-auth-token"] = token;
      if (body !== undefined) sent["content-type"] ??= "application/json";
      const payload = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      const response = await all.request(path, {
        method,
        headers: sent,
        ...(payload === undefined ? {} : { body: payload }),
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json") === true;
      return {
        status: response.status,
        headers: response.headers,
        body: isJson && text !== "" ? JSON.parse(text) : text,
      };
    },
    async close() {
      dashboard.close();
      await cloud.stop();
      db.close();
    },
  };
}

const IMPLIED: Record<string, string[]> = {
  admin: ["admin", "manager", "member", "reader"],
  manager: ["manager", "member", "reader"],
  member: ["member", "reader"],
};

/**
 * Stands in for the identity service in tests of other services. The token says who it is:
 * "<role>:<project>" or "<role>:<project>:<user>", e.g. "member:alpha". "admin:system" has system scope.
 */
export function identityOf(token: string): Identity | null {
  const [role, project, user = `user-of-${project}`] = token.split(":");
  if (role === undefined || project === undefined) return null;
  const system = project === "system";
  return {
    userId: user,
    userName: user,
    userDomainId: "default",
    projectId: system ? null : project,
    domainId: null,
    system,
    projectName: system ? null : project,
    projectDomainId: system ? null : "default",
    roles: new Set(IMPLIED[role] ?? [role]),
    isAdmin: role === "admin",
    tokenId: token,
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}

/** The secret of every access key, which is a token: "member:alpha". */
export const EC2_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/** Everybody whom a token names exists, and so does every project. */
const facade: IdentityFacade = {
  authenticate: identityOf,
  authenticateWithEc2(access) {
    const identity = identityOf(access);
    if (identity === null) return null;
    return {
      access,
      identity,
      signingKey: (date, region, service) => signingKey(EC2_SECRET, date, region, service),
      sign: (text) => createHmac("sha1", EC2_SECRET).update(text, "latin1").digest("base64"),
    };
  },
  actAs({ userId, projectId, roles }) {
    const wanted = new Set(roles);
    return {
      ...(identityOf(`member:${projectId}:${userId}`) as Identity),
      roles: wanted,
      isAdmin: wanted.has("admin"),
    };
  },
  getProject: (id) => ({ id, name: id, domainId: "default", enabled: true }),
  findProject: (name) => (name === "admin" ? { id: name, name, domainId: "default", enabled: true } : null),
  serviceProject: () => ({ id: "service", name: "service", domainId: "default", enabled: true }),
  getUser: (id) => ({ id, name: id, domainId: "default", enabled: true, defaultProjectId: null }),
  ownAccounts: ({ name: domain }) => ({
    prepare: () => domain,
    makeUser: ({ name, project, role }) => `${role}:${project.id}:${name}`,
    key: (access) => ({ access, secret: EC2_SECRET }),
    setPassword: async () => {},
    token: (userId) => userId,
    setEnabled() {},
    deleteUser() {},
    deleteProject() {},
  }),
};

export const identityStub: () => Service = () =>
  defineService<"identity">({
    name: "identity",
    endpoint: { prefix: "/identity", classicPorts: [], catalog: [] },
    api: family({ renderError: computeEnvelope }),
    policies: {},
    migrations: [],
    create: ({ settings }) => ({
      facade,
      authenticator: { ...facade, challenge: `Keystone uri="${settings.identity.authUrl}/v3"` },
      routes: [],
    }),
  })();
