import { IncomingMessage } from "node:http";

/** The app of all APIs; the dashboard asks nobody else. */
export type Serve = (request: Request, env?: object) => Response | Promise<Response>;

/** What the listener knows of a connection; absent in tests. */
export interface Env {
  incoming?: { url?: string; socket?: { remoteAddress?: string; encrypted?: boolean } };
}

export const addressOf = (env: Env | undefined): string => env?.incoming?.socket?.remoteAddress ?? "";
export const isEncrypted = (env: Env | undefined): boolean => env?.incoming?.socket?.encrypted === true;

export interface Asked {
  token?: string;
  /** Of whom a token tells, where that is another's. */
  subject?: string;
  body?: unknown;
  /** Whose request it is done for. */
  env?: Env | undefined;
  requestId?: string | undefined;
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of public APIs, read where their shape is known
  body: any;
}

/** A request to an API of this cloud with a body of JSON, as a client outside would make it. */
export async function ask(serve: Serve, method: string, path: string, asked: Asked): Promise<Answer> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (asked.token !== undefined) headers["x-auth-token"] = asked.token;
  if (asked.subject !== undefined) headers["x-subject-token"] = asked.subject;
  if (asked.body !== undefined) headers["content-type"] = "application/json";
  if (asked.requestId !== undefined) headers["x-openstack-request-id"] = asked.requestId;
  const request = new Request(`http://localhost${path}`, {
    method,
    headers,
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
  });
  // The connection, but not the message: what it holds is the dashboard's request.
  const socket = asked.env?.incoming?.socket;
  const response = await serve(request, socket === undefined ? undefined : { incoming: { socket } });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true && text !== "";
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** The message that a request came in, where it came over a socket. */
export const messageOf = (env: Env | undefined): IncomingMessage | null =>
  env?.incoming instanceof IncomingMessage ? env.incoming : null;
