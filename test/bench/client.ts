import { Pool } from "undici";
import type { Json } from "../support/json.ts";
import { median, type Row } from "./report.ts";

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export type Once = () => Promise<Answer>;

/** How long a call is repeated on one connection, and then on CONNECTIONS, in milliseconds. */
const PERIOD_MS = { one: 1_000, many: 2_000 } as const;
const CONNECTIONS = 8;
/** The first in which a server can be asked for without a network. */
const MICROVERSION = { "openstack-api-version": "compute 2.37, volume 3.0, placement 1.30" };

/** Logs in once and asks; connections stay open, as those of services that talk to each other. */
export class Client {
  readonly #pool: Pool;
  #token = "";
  #projectId = "";

  /** `socketPath`: where to connect instead of the URL's host. */
  constructor(baseUrl: string, socketPath?: string) {
    this.#pool = new Pool(baseUrl, {
      connections: 64,
      pipelining: 1,
      ...(socketPath === undefined ? {} : { socketPath }),
    });
  }

  get projectId(): string {
    return this.#projectId;
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = { "content-type": "application/json", ...MICROVERSION };
    if (this.#token !== "") Object.assign(headers, { "x-auth-token": this.#token, "x-subject-token": this.#token });
    const answer = await this.#pool.request({
      method,
      path,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }

  get token(): string {
    return this.#token;
  }

  /** The answer must be a good one. */
  async must(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path} → ${answer.status}: ${answer.text.slice(0, 300)}`);
    return answer;
  }

  async json(method: string, path: string, body?: unknown): Promise<Json> {
    const { text } = await this.must(method, path, body);
    return text === "" ? null : JSON.parse(text);
  }

  async logIn(user: string, password: string): Promise<void> {
    const { headers, text } = await this.must("POST", "/identity/v3/auth/tokens", logInBody(user, password));
    this.#token = String(headers["x-subject-token"]);
    this.#projectId = (JSON.parse(text) as Json).token.project.id;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** For the project that has the user's name, in the default domain. */
export function logInBody(user: string, password: string): unknown {
  const domain = { id: "default" };
  return {
    auth: {
      identity: { methods: ["password"], password: { user: { name: user, domain, password } } },
      scope: { project: { name: user, domain } },
    },
  };
}

/** Latency on one connection (median), throughput on eight. */
export async function measure(what: string, once: Once): Promise<Row> {
  for (let warm = 0; warm < 50; warm += 1) await good(what, once);
  const times: number[] = [];
  for (const begin = performance.now(); performance.now() - begin < PERIOD_MS.one; ) {
    times.push((await timed(() => good(what, once))).ms);
  }
  let done = 0;
  const { ms } = await timed(() => {
    const end = performance.now() + PERIOD_MS.many;
    return Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        for (; performance.now() < end; done += 1) await good(what, once);
      }),
    );
  });
  return { what, ms: median(times), perSecond: done / (ms / 1000) };
}

async function good(what: string, once: Once): Promise<void> {
  const { status, text } = await once();
  if (status >= 400) throw new Error(`${what} → ${status}: ${text.slice(0, 300)}`);
}

export async function timed<T>(body: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const begin = performance.now();
  const value = await body();
  return { ms: performance.now() - begin, value };
}

/** Asks again every few milliseconds. */
export async function until(what: string, seconds: number, check: () => Promise<boolean>, pause = 5): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
