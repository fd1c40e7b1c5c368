import { connect } from "node:net";
import { timed } from "./client.ts";

const PERIOD_MS = 2_000;
const WARM_MS = 300;
const END = Buffer.from("\r\n\r\n");

/** One request as it goes over the wire. */
export function requestBytes(
  method: string,
  target: URL,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array | null = null,
): Buffer {
  const all = { host: target.host, ...headers, ...(body === null ? {} : { "content-length": String(body.length) }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${target.pathname}${target.search} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1");
  return body === null ? head : Buffer.concat([head, body]);
}

/**
 * How many a second are answered, on so many connections that stay open. Requests were made before and answers are only counted, so that
 * the figure is the server's and not the client's. `answers` are all there were, those before the measurement among them. Errors: an answer that is no success.
 */
export async function wireRate(
  target: URL,
  requests: readonly Buffer[],
  connections: number,
): Promise<{ perSecond: number; answers: number }> {
  const warm = await during(target, requests, connections, WARM_MS);
  const { ms, value } = await timed(() => during(target, requests, connections, PERIOD_MS));
  return { perSecond: value / (ms / 1000), answers: warm + value };
}

async function during(target: URL, requests: readonly Buffer[], connections: number, period: number): Promise<number> {
  const end = performance.now() + period;
  let sent = 0;
  let done = 0;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(target.port), target.hostname);
      const send = () => {
        socket.write(requests[sent % requests.length] as Buffer);
        sent += 1;
      };
      let head = Buffer.alloc(0);
      /** Of the answer's body, still to come; null while its head is not whole. */
      let left: number | null = null;
      socket.setNoDelay(true);
      socket.on("connect", send);
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        let rest = chunk;
        if (left === null) {
          head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
          const at = head.indexOf(END);
          if (at === -1) return;
          const text = head.toString("latin1", 0, at);
          if (!text.startsWith("HTTP/1.1 2")) {
            reject(new Error(head.toString("latin1").slice(0, 500)));
            return;
          }
          left = Number(/^content-length: (\d+)$/im.exec(text)?.[1] ?? 0);
          rest = head.subarray(at + END.length);
          head = Buffer.alloc(0);
        }
        left -= rest.length;
        if (left > 0) return;
        left = null;
        done += 1;
        if (performance.now() < end) send();
        else {
          socket.destroy();
          resolve();
        }
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  return done;
}
