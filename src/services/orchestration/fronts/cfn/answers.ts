import type { ApiError } from "../../../../kernel/errors.ts";
import type { Candidates, Exchange } from "../../../../kernel/http/exchange.ts";
import type { Endpoint } from "../../../../kernel/http/perform.ts";
import type { AnyRoute, ApiResponse } from "../../../../kernel/http/route.ts";
import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import { formOf, paramsOf } from "./query.ts";
import { inAmazonsWords, refusal } from "./refusals.ts";

/** heat/common/serializers.py: XML, or JSON where ContentType=JSON asks for it. */

/** What is JSON inside XML, too. */
const JSON_INSIDE: ReadonlySet<string> = new Set(["TemplateBody", "Metadata"]);
const NAME = /^[A-Za-z_][\w.-]*$/;

function node(name: string, value: unknown): XmlNode {
  if (JSON_INSIDE.has(name)) return isEmpty(value) ? [name] : [name, JSON.stringify(value)];
  if (Array.isArray(value)) return [name, value.map((item) => node("member", item))];
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    // Names that XML does not have are told in JSON.
    if (entries.some(([key]) => !NAME.test(key))) return [name, JSON.stringify(value)];
    return [name, entries.map(([key, inner]) => node(key, inner))];
  }
  return [name, pythonWord(value)];
}

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

const pythonWord = (value: unknown): string =>
  value === null || value === undefined ? "None" : value === true ? "True" : value === false ? "False" : String(value);

function written(exchange: Exchange, status: number, body: Readonly<Record<string, unknown>>, json: boolean): Response {
  const [root = "Response"] = Object.keys(body);
  const text = json ? JSON.stringify(body) : xmlDocument(node(root, body[root]));
  const type = json ? "application/json" : "application/xml";
  return new Response(text, {
    status,
    headers: { "content-type": `${type}; charset=UTF-8`, "x-openstack-request-id": exchange.id },
  });
}

const wantsJson = (exchange: Exchange): boolean =>
  paramsOf({ query: exchange.query, body: formOf(exchange) }).ContentType === "JSON";

export function render(exchange: Exchange, route: AnyRoute, { status, body, headers = {} }: ApiResponse): Response {
  if (body === undefined || body === null) {
    return new Response(null, { status: status ?? route.success, headers: { ...headers, "content-length": "0" } });
  }
  return written(exchange, status ?? route.success, body as Record<string, unknown>, wantsJson(exchange));
}

export function fail(exchange: Exchange, error: ApiError): Response {
  const said = inAmazonsWords(error);
  const Type = said.status >= 500 ? "Server" : "Sender";
  const body = { ErrorResponse: { Error: { Type, Code: said.type, Message: said.message } } };
  return written(exchange, said.status, body, wantsJson(exchange));
}

/** All actions have one path: which is meant is a parameter. Errors: 400. */
export function choose({ inRange }: Candidates, body: unknown, { query }: Exchange): Endpoint {
  const [only] = inRange;
  if (inRange.length === 1 && only !== undefined && !only.route.name.startsWith(ACTION)) return only;
  const { Action } = paramsOf({ query, body });
  const found = inRange.find(({ route }) => route.name.replace(/ \(\w+\)$/, "") === `${ACTION}${Action}`);
  if (found === undefined) throw refusal("InvalidAction");
  return found;
}

/** What names of records of actions begin with. */
export const ACTION = "cfn:";
