import { parseJson, readBody } from "../../../../kernel/http/body.ts";
import type { Exchange } from "../../../../kernel/http/exchange.ts";

/** What a request of Amazon's query protocol says: parameters of its URL and of its form. */
export type Params = Readonly<Record<string, string>>;

/** Longest body: a template of the longest there may be, as a form writes it. */
export const MAX_BODY = 2_097_152;

/** Bodies that have been read, of requests that are under way: signatures cover them. */
const bodies = new WeakMap<Request, Promise<string>>();

export function bodyText({ request }: Pick<Exchange, "request">): Promise<string> {
  let text = bodies.get(request);
  if (text === undefined) {
    text = readBody(request, MAX_BODY);
    bodies.set(request, text);
  }
  return text;
}

const isForm = (headers: Headers): boolean =>
  /application\/x-www-form-urlencoded/i.test(headers.get("content-type") ?? "");

const entries = (params: URLSearchParams): Record<string, string> => Object.fromEntries(params);

/** Forms that have been read. */
const forms = new WeakMap<Request, Record<string, string>>();
export const formOf = ({ request }: Pick<Exchange, "request">): Params => forms.get(request) ?? {};

/** Errors: 400 for JSON that is none; 413. */
export async function parse(exchange: Exchange): Promise<unknown> {
  const text = await bodyText(exchange);
  const { request } = exchange;
  if (!isForm(request.headers)) return parseJson(text);
  const form = entries(new URLSearchParams(text));
  forms.set(request, form);
  return form;
}

/** All of them, as signatures have them. */
export async function signedParams(exchange: Exchange): Promise<Record<string, string>> {
  const { request, query } = exchange;
  const form = isForm(request.headers) ? entries(new URLSearchParams(await bodyText(exchange))) : {};
  return { ...entries(query), ...form };
}

export function paramsOf({ query, body }: { query: URLSearchParams; body: unknown }): Params {
  const form = typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Params) : {};
  return { ...form, ...entries(query) };
}

/** "Parameters.member.1.ParameterKey" and its value are a pair. */
export function pairsOf(params: Params, prefix: string, key: string, value: string): Record<string, string> {
  const members = new Map<string, Record<string, string>>();
  for (const [name, content] of Object.entries(params)) {
    const [, found, index, field] = /^(.+)\.member\.(\d+)\.(.*)$/.exec(name) ?? [];
    if (found === prefix && index !== undefined && field !== undefined)
      members.set(index, { ...members.get(index), [field]: content });
  }
  const pairs = [...members.values()].flatMap((member): [string, string][] => {
    const { [key]: name, [value]: content } = member;
    return name === undefined || content === undefined ? [] : [[name, content]];
  });
  return Object.fromEntries(pairs);
}
