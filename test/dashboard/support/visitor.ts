import type { TestCloud } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";

export interface Seen {
  status: number;
  headers: Headers;
  body: Json;
}

/** What a browser does with the dashboard: keeps its cookie, sends its headers. */
export class Visitor {
  readonly #cloud: TestCloud;
  cookie = "";

  constructor(cloud: TestCloud) {
    this.#cloud = cloud;
  }

  /** As our own pages ask. `headers` come on top; null leaves one out. */
  async ask(method: string, path: string, body?: unknown, headers: Record<string, string | null> = {}): Promise<Seen> {
    const response = await this.fetch(method, path, body, headers);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true && text !== "";
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  async fetch(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string | null> = {},
  ): Promise<Response> {
    const sent: Record<string, string | null> = {
      host: "localhost",
      "sec-fetch-site": "same-origin",
      "x-tenrec-dashboard": "1",
      ...(method === "GET" ? {} : { origin: "http://localhost" }),
      ...(this.cookie === "" ? {} : { cookie: this.cookie }),
      ...(body === undefined || typeof body === "string" ? {} : { "content-type": "application/json" }),
      ...headers,
    };
    const present = Object.entries(sent).filter((entry): entry is [string, string] => entry[1] !== null);
    const response = await this.#cloud.fetch(`/dashboard${path}`, {
      method,
      headers: Object.fromEntries(present),
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const set = response.headers.get("set-cookie");
    if (set !== null) this.cookie = set.split(";")[0] ?? "";
    return response;
  }

  logIn(user: string, password = "secret", more: Record<string, unknown> = {}): Promise<Seen> {
    return this.ask("POST", "/session", { user, password, domain: "Default", ...more });
  }

  /** The events of a stream as they come. Ends with the stream. */
  async *events(
    headers: Record<string, string | null> = {},
  ): AsyncGenerator<{ event: string; id: string; data: Json }> {
    const response = await this.fetch("GET", "/events", undefined, headers);
    if (response.status !== 200 || response.body === null) throw new Error(`the stream answered ${response.status}`);
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split("\n")
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
        );
        text = text.slice(end + 2);
        if (fields.event !== undefined)
          yield { event: fields.event, id: fields.id ?? "", data: JSON.parse(fields.data ?? "null") };
      }
    }
  }
}
