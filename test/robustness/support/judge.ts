import { ApiError } from "../../../src/kernel/errors.ts";
import { identityEnvelope, webobErrors } from "../../../src/kernel/http/families.ts";
import type { Answer } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";
import type { ServiceRoute } from "./world.ts";

/** Words of our own insides that no client may see. Nothing that the fuzz sends holds any of them. */
const INTERNAL =
  /\bat [\w.<>]+ \(|\.ts:\d+|node_modules|SQLITE_|SqliteError|TypeError|RangeError|SyntaxError|Cannot read propert|is not a function|is not iterable|constraint failed|no such column|tenrec-robust-|\[object Object\]/;

export const MAX_MILLISECONDS = 2_000;

/** Records whose errors are webob's in a service with an envelope of its own. */
const WEBOB = ["network extensions:show"];

/** What is wrong with an answer, or null. */
export function complaint({ service, route }: ServiceRoute, answer: Answer, milliseconds: number): string | null {
  const { status, headers, body } = answer;
  if (milliseconds > MAX_MILLISECONDS) return `took ${Math.round(milliseconds)} ms`;
  if (status >= 500 && status !== 501) return `status ${status}`;
  for (const name of route.bare === true && status < 400 ? [] : service.api.requestIdHeaders) {
    // Swift's are of a form of its own.
    if (!/^(?:req-[0-9a-f-]{36}|tx[0-9a-f]{21}-[0-9a-f]{10})$/.test(headers.get(name) ?? ""))
      return `no request id in ${name}`;
  }
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const leaked = INTERNAL.exec(text)?.[0];
  if (leaked !== undefined) return `shows its insides: ${leaked}`;
  return status >= 400 && route.method !== "HEAD" ? envelopeComplaint({ service, route }, answer, text) : null;
}

function envelopeComplaint({ service, route }: ServiceRoute, answer: Answer, text: string): string | null {
  const { status, headers, body } = answer;
  if (text === "") return status === 404 || status === 406 ? null : `status ${status} without a body`;
  const isHtml = headers.get("content-type")?.startsWith("text/html") === true;
  if (isHtml && service.api.renderErrorText !== undefined) return null;
  const error = new ApiError(status, "x");
  // keystonemiddleware answers 401 in front of all but those that let it pass on who has no token.
  const ownRefusal = service.api.stages?.fail !== undefined;
  const expected =
    status === 401 && !ownRefusal
      ? identityEnvelope(error)
      : service.api.renderError(error, { id: "req", microversion: 0 });
  // What a hostile name in the path leads nowhere with is answered below the service.
  const mayBeWebob = service.api.unrouted !== null || WEBOB.includes(`${service.name} ${route.name}`);
  if (status === 404 && mayBeWebob && sameShape(webobErrors.renderError(error), body)) return null;
  return sameShape(expected, body) ? null : `not the API's envelope for ${status}: ${text.slice(0, 200)}`;
}

/** Has it every key of the example, with values of the same type? */
function sameShape(expected: Json, actual: Json): boolean {
  if (Array.isArray(expected)) return Array.isArray(actual) && sameShape(expected[0], actual[0]);
  if (typeof expected !== "object" || expected === null) return typeof expected === typeof actual;
  if (typeof actual !== "object" || actual === null) return false;
  return Object.keys(expected).every((key) => sameShape(expected[key], actual[key]));
}
