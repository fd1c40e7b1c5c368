import { type Env, messageOf, type Serve } from "./inside.ts";

/** What of a client's headers says something to a service; cookies, credentials and what is about one connection do not pass. */
const PASSED =
  /^(?:accept|content-(?:type|length|encoding|disposition|md5)|if-[a-z-]+|range|etag|destination|openstack-api-version|x-(?:openstack|object|container|account|delete|copy|fresh|newest|symlink|static|versions|image|detect|trans|goog|amz-meta|glance)[a-z0-9_-]*)$/;
/** Of an answer: what is about one connection, sets state in the browser, or lets other sites in. */
const HELD =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|upgrade|set-cookie|x-subject-token|www-authenticate|access-control-.*|clear-site-data|service-worker-allowed|refresh|link|content-security-policy.*|x-frame-options)$/;

export interface Forwarded {
  /** "/compute/v2.1/servers?limit=1", as it was sent. */
  target: string;
  token: string;
  env: Env | undefined;
  serve: Serve;
  policy: string;
}

/**
 * Hands a request on to a service of the same process with the session's token. The body is not touched: the service reads it from the socket,
 * and the answer leaves as it would have left without a dashboard.
 */
export async function forward(request: Request, { target, token, env, serve, policy }: Forwarded): Promise<Response> {
  const headers = new Headers();
  for (const [name, value] of request.headers) if (PASSED.test(name)) headers.append(name, value);
  const host = request.headers.get("host");
  // Links in answers are made of it.
  if (host !== null) headers.set("host", host);
  headers.set("x-auth-token", token);
  const message = messageOf(env);
  // Names of objects are read from here, as they were sent.
  if (message !== null) message.url = target;
  const url = new URL(target, request.url).href;
  const response = await serve(new Inner(request, url, headers) as unknown as Request, env);
  for (const name of [...response.headers.keys()]) if (HELD.test(name)) response.headers.delete(name);
  response.headers.set("content-security-policy", policy);
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("cross-origin-resource-policy", "same-origin");
  response.headers.set("cache-control", "no-store");
  return response;
}

/** A request as another sees it, with the body still where it is: touching it would open a stream that nobody reads. */
class Inner {
  readonly #outer: Request;
  readonly url: string;
  readonly headers: Headers;

  constructor(outer: Request, url: string, headers: Headers) {
    this.#outer = outer;
    this.url = url;
    this.headers = headers;
  }

  get method(): string {
    return this.#outer.method;
  }
  get body(): ReadableStream<Uint8Array> | null {
    return this.#outer.body;
  }
  get signal(): AbortSignal {
    return this.#outer.signal;
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#outer.arrayBuffer();
  }
  text(): Promise<string> {
    return this.#outer.text();
  }
  json(): Promise<unknown> {
    return this.#outer.json();
  }
  blob(): Promise<Blob> {
    return this.#outer.blob();
  }
}
