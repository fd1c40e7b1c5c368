import { connect } from "node:net";

/** What came back for bytes that no browser would send. */
export interface RawAnswer {
  /** The status of each answer on the connection, in order. */
  readonly statuses: number[];
  readonly text: string;
}

/** Sends bytes as they are and listens until the server closes, which the last request or its fault has it do. */
export async function sendRaw(port: number, bytes: string): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A server that refuses may close while bytes are still on their way.
  socket.on("error", () => {});
  socket.write(bytes, "latin1");
  await new Promise((resolve) => socket.once("close", resolve));
  const text = Buffer.concat(chunks).toString("latin1");
  return { statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)), text };
}

/** A request as lines; null leaves a header out, a list sends one several times. */
export function rawRequest(
  line: string,
  headers: Readonly<Record<string, string | readonly string[] | null>>,
  body = "",
): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one) => `${name}: ${one}`),
  );
  return `${[`${line} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n${body}`;
}
