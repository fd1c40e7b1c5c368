import { ApiError, badRequest, tooLarge } from "../errors.ts";
import { parseExactly } from "./exact-json.ts";

const MAX_DEPTH = 64;
/** "\\ud800" as an escape of JSON, not behind a backslash that is escaped itself. */
const HALF_PAIR = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/** How long a client may take to send a body of JSON, in milliseconds. */
const PATIENCE = 20_000;

/** Reads a whole body of at most `limit` bytes. Errors: 413; 408 for one that does not end in time; 400 for one that is cut off or no UTF-8. */
export async function readBody(request: Request, limit: number): Promise<string> {
  const announced = Number(request.headers.get("content-length") ?? "0");
  if (announced > limit) throw tooLarge("Request is too large.");
  if (request.body === null) return "";
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(tooSlow()), PATIENCE);
  try {
    return await Promise.race([wholeText(request, request.body, limit), late.promise]);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest("The request ended before its body did.", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function wholeText(request: Request, body: ReadableStream<Uint8Array>, limit: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (bytes?: ArrayBuffer | Uint8Array, stream = false): string => {
    try {
      return decoder.decode(bytes, { stream });
    } catch (error) {
      throw malformed("it is not UTF-8", error);
    }
  };
  // Bounded by its announced length, which the HTTP parser enforces.
  if (request.headers.has("content-length")) return decode(await request.arrayBuffer());
  let text = "";
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge("Request is too large.");
    text += decode(chunk, true);
  }
  return text + decode();
}

/** The rest of the body would be taken for the next request: the connection ends with the answer. */
const tooSlow = () =>
  new ApiError(408, "The request body did not arrive in time.", { headers: { connection: "close" } });

const malformed = (why: string, cause?: unknown) =>
  new ApiError(
    400,
    "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    { type: "MalformedRequestBody", detail: `Malformed request body: ${why}`, cause },
  );

/**
 * Parses JSON from a client. Errors: 400 for malformed text, nesting deeper than 64, or a NUL or half a surrogate pair in any string:
 * the database would keep neither as it was sent.
 */
export function parseJson(text: string): unknown {
  if (text.trim() === "") return null;
  if (depthOf(text) > MAX_DEPTH) throw badRequest("The request body is nested too deeply.");
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    throw malformed("it is not JSON");
  }
  if (text.includes("\\u0000") || text.includes("\0")) {
    throw badRequest("The request body holds a NUL character, which is not allowed.");
  }
  // Only what escapes a surrogate pays for the search: written anew, pairs are characters and halves are escapes.
  if (/\\ud[89a-f]/i.test(text) && HALF_PAIR.test(JSON.stringify(value))) {
    throw badRequest("The request body holds half a surrogate pair, which is no character.");
  }
  return value;
}

/** The deepest nesting, found without parsing: brackets outside of strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 92) index += 1;
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 123 || code === 91) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (code === 125 || code === 93) depth -= 1;
  }
  return deepest;
}
