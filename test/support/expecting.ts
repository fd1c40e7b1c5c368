import { connect } from "node:net";
import { until } from "./patience.ts";

/**
 * A client that sends its body only once it is told to (`Expect: 100-continue`). Answers the statuses it got in their order: [100, 201], or
 * what it was refused with.
 */
export async function expecting(
  port: number,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): Promise<number[]> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let ended = false;
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    ended = true;
  });
  const statuses = () => [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
  const all = {
    host: `127.0.0.1:${port}`,
    "content-length": String(Buffer.byteLength(body)),
    expect: "100-continue",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  await until("it is told to go on, or refused", 10, async () => statuses().length > 0 || ended);
  if (statuses()[0] === 100) {
    socket.write(body);
    await until("it is answered", 10, async () => statuses().length > 1 || ended);
  } else {
    // A body would be taken for a request; whoever refuses it says so.
    await until("the connection ends", 10, async () => ended);
  }
  socket.destroy();
  return statuses();
}
