import type { Settings } from "../kernel/config/settings.ts";
import { messageOf } from "../kernel/errors.ts";
import { trustOwnCloud } from "./tls/trust.ts";

/** An answer that was no success. */
export class ApiCallFailed extends Error {
  readonly status: number;
  constructor(method: string, url: string, status: number, text: string) {
    super(`${method} ${url} answered ${status}: ${text.slice(0, 500)}`);
    this.name = "ApiCallFailed";
    this.status = status;
  }
}

/** `fetch`, whose own word for whatever keeps it from the other side is "fetch failed". */
async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    const why = cause?.code ?? messageOf(cause ?? error);
    throw new Error(`${url} does not answer (${why}): tenrec status tells whether the cloud runs`);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of many APIs, looked into once each
export type Body = any;

/** The cloud's public API with a user's own token, as any client has it. */
export class ApiClient {
  readonly #base: string;
  readonly #token: string;
  readonly projectId: string;

  private constructor(base: string, token: string, projectId: string) {
    this.#base = base;
    this.#token = token;
    this.projectId = projectId;
  }

  /** Logs in with the seeded accounts' password. */
  static async login(settings: Settings, user: string, project: string): Promise<ApiClient> {
    trustOwnCloud(settings);
    const domain = { id: "default" };
    const url = `${settings.identity.authUrl}/v3/auth/tokens`;
    const response = await reach(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ["password"],
            password: { user: { name: user, domain, password: settings.passwords.admin } },
          },
          scope: { project: { name: project, domain } },
        },
      }),
    });
    const text = await response.text();
    const token = response.headers.get("x-subject-token");
    if (!response.ok || token === null) throw new ApiCallFailed("POST", url, response.status, text);
    const body: Body = JSON.parse(text);
    return new ApiClient(settings.api.baseUrl, token, body.token.project.id);
  }

  /** `path` with the service's prefix: "/compute/v2.1/servers". */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Body> {
    const url = this.#base + path;
    const response = await reach(url, {
      method,
      headers: { "x-auth-token": this.#token, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiCallFailed(method, url, response.status, text);
    return text === "" ? null : JSON.parse(text);
  }

  get = (path: string): Promise<Body> => this.call("GET", path);
  post = (path: string, body: unknown): Promise<Body> => this.call("POST", path, body);
  put = (path: string, body: unknown): Promise<Body> => this.call("PUT", path, body);
  delete = (path: string): Promise<Body> => this.call("DELETE", path);
}
