import { badRequest } from "../errors.ts";

export interface FormPart {
  /** In lower case. */
  headers: ReadonlyMap<string, string>;
  name: string;
  filename: string | null;
  /** Once, and before the next part is asked for; what is left unread is passed over. */
  bytes(): AsyncGenerator<Uint8Array>;
}

const LONGEST_HEAD = 16 * 1024;
const CRLF = Buffer.from("\r\n");

/** The parts of multipart/form-data as they come, with constant memory. Errors: 400. */
export async function* readForm(source: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<FormPart> {
  const scanner = new Scanner(source);
  const first = Buffer.from(`--${boundary}`);
  const between = Buffer.concat([CRLF, first]);
  const start = await scanner.until(CRLF, LONGEST_HEAD);
  if (start === null || !start.equals(first))
    throw badRequest("FormPost: invalid starting boundary", "MalformedPOSTRequest", { "content-type": "text/plain" });
  for (;;) {
    const head = await scanner.until(Buffer.from("\r\n\r\n"), LONGEST_HEAD);
    if (head === null) return;
    const part = { ended: false };
    const bytes = () => scanner.bytesUntil(between, part);
    yield { ...parseHead(head.toString("utf8")), bytes };
    for await (const _ of bytes()) {
      // Passed over.
    }
    const tail = await scanner.until(CRLF, LONGEST_HEAD);
    if (tail === null || tail.toString("latin1").startsWith("--")) return;
  }
}

function parseHead(text: string): Omit<FormPart, "bytes"> {
  const headers = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  return { headers, name: parameter(disposition, "name") ?? "", filename: parameter(disposition, "filename") };
}

function parameter(header: string, name: string): string | null {
  const [, quoted, bare] = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "i").exec(header) ?? [];
  return quoted?.replace(/\\(["\\])/g, "$1") ?? bare ?? null;
}

class Scanner {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await this.#iterator.next();
    if (done === true) {
      this.#ended = true;
      return false;
    }
    this.#held = Buffer.concat([this.#held, value]);
    return true;
  }

  /** What comes before the mark, which is passed over, too; the rest where it does not come. Null: nothing is left. */
  async until(mark: Buffer, longest: number): Promise<Buffer | null> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at !== -1) {
        const found = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + mark.byteLength);
        return found;
      }
      if (this.#held.byteLength > longest)
        throw badRequest("FormPost: a header is too long", "MalformedPOSTRequest", { "content-type": "text/plain" });
      if (await this.#more()) continue;
      const rest = this.#held;
      this.#held = Buffer.alloc(0);
      return rest.byteLength === 0 ? null : rest;
    }
  }

  async *bytesUntil(mark: Buffer, part: { ended: boolean }): AsyncGenerator<Uint8Array> {
    while (!part.ended) {
      const at = this.#held.indexOf(mark);
      if (at !== -1) {
        const found = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + mark.byteLength);
        part.ended = true;
        if (found.byteLength > 0) yield found;
        return;
      }
      // The mark may have come in part.
      const safe = this.#held.byteLength - mark.byteLength + 1;
      if (safe > 0) {
        const piece = this.#held.subarray(0, safe);
        this.#held = this.#held.subarray(safe);
        yield piece;
      }
      if (await this.#more()) continue;
      part.ended = true;
      const rest = this.#held;
      this.#held = Buffer.alloc(0);
      if (rest.byteLength > 0) yield rest;
    }
  }
}
