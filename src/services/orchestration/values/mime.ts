/** Messages of several parts, as cloud-init reads them. */

export interface MimePart {
  readonly content: string;
  /** "x-shellscript" */
  readonly subtype: string;
  readonly filename: string | null;
}

const quoted = (name: string): string => name.replace(/[\\"\r\n]/g, "");

/** Of the same parts and seed always the same. */
export function mimeMessage(parts: readonly MimePart[], seed: string): string {
  const texts = parts.map(({ content, subtype, filename }) => {
    const isAscii = Buffer.byteLength(content) === content.length;
    const head = [
      `Content-Type: text/${quoted(subtype)}; charset="${isAscii ? "us-ascii" : "utf-8"}"`,
      "MIME-Version: 1.0",
      `Content-Transfer-Encoding: ${isAscii ? "7bit" : "base64"}`,
      ...(filename === null || filename === ""
        ? []
        : [`Content-Disposition: attachment; filename="${quoted(filename)}"`]),
    ];
    return `${head.join("\n")}\n\n${isAscii ? content : lines(Buffer.from(content).toString("base64"))}`;
  });
  let boundary = `===============${seed.replaceAll("-", "")}==`;
  while (texts.some((text) => text.includes(boundary))) boundary = `=${boundary}`;
  const body = texts.map((text) => `--${boundary}\n${text}\n`).join("");
  return `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n${body}--${boundary}--\n`;
}

const lines = (text: string): string => (text.match(/.{1,76}/g) ?? []).join("\n");

/** Null: it is no message of parts. */
export function mimeParts(text: string): MimePart[] | null {
  const { head, body } = divided(text);
  const [, boundary] = /^multipart\/[^;]*;.*?boundary="?([^";\n]+)"?/is.exec(head.get("content-type") ?? "") ?? [];
  if (boundary === undefined) return null;
  const [, ...rest] = `\n${body}`.split(`\n--${boundary}`);
  return rest.flatMap((piece): MimePart[] => {
    if (piece.startsWith("--")) return [];
    const part = divided(piece.replace(/^[^\n]*\n/, ""));
    const [, subtype = "plain"] = /^[^/;]+\/([^;\s]+)/.exec(part.head.get("content-type") ?? "") ?? [];
    const [, filename = null] = /filename="?([^";\n]+)"?/i.exec(part.head.get("content-disposition") ?? "") ?? [];
    const isBase64 = /base64/i.test(part.head.get("content-transfer-encoding") ?? "");
    const content = isBase64 ? Buffer.from(part.body, "base64").toString() : part.body;
    return [{ content, subtype, filename }];
  });
}

/** Headers, by their names in small letters, and what comes behind them. */
function divided(text: string): { head: Map<string, string>; body: string } {
  const plain = text.replaceAll("\r\n", "\n");
  const end = plain.indexOf("\n\n");
  const above = (end < 0 ? plain : plain.slice(0, end)).replace(/\n[ \t]+/g, " ");
  const head = new Map<string, string>();
  for (const line of above.split("\n")) {
    const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) head.set(name.toLowerCase(), value);
  }
  return { head, body: end < 0 ? "" : plain.slice(end + 2) };
}
