/** Services as the proxy names them. */
export type Service =
  | "identity"
  | "image"
  | "network"
  | "compute"
  | "block-storage"
  | "object-store"
  | "orchestration"
  | "placement";

/** One request to an API: what is sent, what is shown, what is copied. */
export interface Call {
  readonly service: Service;
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD";
  /** "{project}" stands for the session's project; without one it is left out with its slash, as volumes' API has it. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of the body that are nobody's to read, beside those that always are. */
  readonly secrets?: readonly string[];
}

/** Something that a person does: the requests it is, and the words that do the same on a command line. */
export interface Operation {
  readonly calls: readonly Call[];
  readonly command: readonly (readonly string[])[];
}

export const operation = (command: readonly string[], ...calls: Call[]): Operation => ({ calls, command: [command] });

/** What the pages are written for; a service answers in these versions. */
const VERSIONS: Readonly<Partial<Record<Service, string>>> = {
  compute: "compute 2.93",
  "block-storage": "volume 3.68",
  placement: "placement 1.39",
};

let project: string | null = null;

let prefixes: Readonly<Record<string, string>> = {};

/** Whose calls they are from now on, and where each service answers without a dashboard. */
export function setCloud(projectId: string | null, services: Readonly<Record<string, string>>): void {
  project = projectId;
  prefixes = services;
}

/** Where a request goes that is sent from elsewhere, behind the origin. */
export const addressOf = (call: Call): string => `${prefixes[call.service] ?? `/${call.service}`}${pathOf(call)}`;

export function pathOf({ path, query }: Call): string {
  const full = project === null ? path.replaceAll("/{project}", "") : path.replaceAll("{project}", project);
  const words = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  return words.length === 0 ? full : `${full}?${words.join("&")}`;
}

export function headersOf(call: Call): Record<string, string> {
  const version = VERSIONS[call.service];
  return {
    accept: "application/json",
    ...(version === undefined ? {} : { "openstack-api-version": version }),
    ...(call.body === undefined ? {} : { "content-type": "application/json" }),
    ...call.headers,
  };
}

/** Why an API said no, with what opens its explanation. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly requestId: string | null;
  readonly call: Call | null;
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number | null;

  constructor(
    status: number,
    message: string,
    more: { requestId?: string | null; call?: Call; retryAfter?: number | null },
  ) {
    super(message);
    this.name = "ApiProblem";
    this.status = status;
    this.requestId = more.requestId ?? null;
    this.call = more.call ?? null;
    this.retryAfter = more.retryAfter ?? null;
  }
}

type Ended = () => void;
let onEnded: Ended = () => {};
/** Who is told that the session is over. */
export function whenSessionEnds(body: Ended): void {
  onEnded = body;
}

/** Asks whether there still is a session, and tells who waits for its end where there is none. */
export async function askForSession(): Promise<void> {
  if ((await own("GET", "session")) === null) onEnded();
}

export const OWN_HEADER = { "x-tenrec-dashboard": "1" } as const;

/** Errors: ApiProblem. */
export async function send<Body>(call: Call, signal?: AbortSignal): Promise<Body> {
  const response = await fetchOwn(`/dashboard/api/${call.service}${pathOf(call)}`, {
    method: call.method ?? "GET",
    headers: { ...headersOf(call), ...OWN_HEADER },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  return (await read(response, call)) as Body;
}

/** One of the dashboard's own answers. Errors: ApiProblem. */
export async function own<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const response = await fetchOwn(`/dashboard/${path}`, {
    method,
    headers: {
      ...OWN_HEADER,
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await read(response)) as Body;
}

async function fetchOwn(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, credentials: "same-origin", redirect: "error" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiProblem(0, "The cloud does not answer.", {});
  }
}

async function read(response: Response, call?: Call): Promise<unknown> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true && text !== "";
  const body: unknown = isJson ? JSON.parse(text) : text;
  if (response.ok) {
    const requestId = response.headers.get("x-openstack-request-id");
    if (call !== undefined && (call.method ?? "GET") !== "GET" && requestId !== null) noteRequest(requestId, call);
    return body === "" ? null : body;
  }
  if (response.headers.get("x-dashboard-session") === "ended") onEnded();
  const retry = Number(response.headers.get("retry-after"));
  throw new ApiProblem(response.status, messageOf(body) ?? response.statusText, {
    requestId: response.headers.get("x-openstack-request-id"),
    ...(call === undefined ? {} : { call }),
    retryAfter: Number.isFinite(retry) && retry > 0 ? retry : null,
  });
}

/** Each API has its own envelope; all have a message in it. */
function messageOf(body: unknown): string | null {
  if (typeof body === "string")
    return (
      body
        .replaceAll(/<[^>]*>/g, " ")
        .replaceAll(/\s+/g, " ")
        .trim() || null
    );
  if (typeof body !== "object" || body === null) return null;
  if ("message" in body && typeof body.message === "string") return body.message;
  for (const inner of Object.values(body)) {
    const found = typeof inner === "string" ? null : messageOf(inner);
    if (found !== null) return found;
  }
  return null;
}

export interface NotedRequest {
  readonly id: string;
  readonly call: Call;
  readonly at: number;
}

const MOST_NOTED = 50;
const noted: NotedRequest[] = [];

/** What this window asked for, newest first: each can be explained. */
export const notedRequests = (): readonly NotedRequest[] => noted;

function noteRequest(id: string, call: Call): void {
  noted.unshift({ id, call, at: Date.now() });
  noted.length = Math.min(noted.length, MOST_NOTED);
}
