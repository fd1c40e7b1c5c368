/** A DHCP client for tests, run inside a guest's namespace: `dhcp-client.ts MAC` prints what it was given as JSON. */
import { createSocket } from "node:dgram";

const mac = Buffer.from((process.argv[2] ?? "").replaceAll(":", ""), "hex");
const xid = Math.floor(Math.random() * 2 ** 32);
const socket = createSocket({ type: "udp4", reuseAddr: true });

function packet(type: number, options: number[]): Buffer {
  const head = Buffer.alloc(240);
  head.set([1, 1, 6, 0], 0);
  head.writeUInt32BE(xid, 4);
  // The broadcast flag: without an address the kernel would not take a unicast answer.
  head.writeUInt16BE(0x8000, 10);
  mac.copy(head, 28);
  head.writeUInt32BE(0x63825363, 236);
  return Buffer.concat([head, Buffer.from([53, 1, type, 55, 6, 1, 3, 6, 26, 121, 15, ...options, 255])]);
}

const dotted = (bytes: Buffer): string => [...bytes].join(".");

function parse(message: Buffer): { address: string; options: Map<number, Buffer> } {
  const options = new Map<number, Buffer>();
  for (let at = 240; at < message.length && message[at] !== 255; ) {
    const code = message[at] ?? 0;
    if (code === 0) at += 1;
    else {
      const length = message[at + 1] ?? 0;
      options.set(code, message.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return { address: dotted(message.subarray(16, 20)), options };
}

function routes(bytes: Buffer | undefined): string[] {
  const list: string[] = [];
  for (let at = 0; bytes !== undefined && at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    const size = Math.ceil(length / 8);
    const destination = Buffer.alloc(4);
    bytes.copy(destination, 0, at + 1, at + 1 + size);
    list.push(`${dotted(destination)}/${length} ${dotted(bytes.subarray(at + 1 + size, at + 5 + size))}`);
    at += 5 + size;
  }
  return list;
}

const send = (message: Buffer): void => socket.send(message, 67, "255.255.255.255");

socket.on("message", (message) => {
  if (message.readUInt32BE(4) !== xid) return;
  const { address, options } = parse(message);
  const kind = options.get(53)?.[0];
  if (kind === 2) send(packet(3, [50, 4, ...address.split(".").map(Number), 54, 4, ...(options.get(54) ?? [])]));
  if (kind !== 5) return;
  const result = {
    address,
    mask: dotted(options.get(1) ?? Buffer.alloc(0)),
    router: options.has(3) ? dotted((options.get(3) ?? Buffer.alloc(0)).subarray(0, 4)) : null,
    dns: options.has(6) ? dotted(options.get(6) ?? Buffer.alloc(0)) : null,
    mtu: options.get(26)?.readUInt16BE(0) ?? null,
    domain: options.get(15)?.toString() ?? null,
    routes: routes(options.get(121)),
    extra: Object.fromEntries([...options].map(([code, value]) => [code, value.toString("latin1")])),
  };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
});
socket.bind(68, "0.0.0.0", () => {
  socket.setBroadcast(true);
  send(packet(1, []));
  setInterval(() => send(packet(1, [])), 1_000);
});
setTimeout(() => process.exit(1), Number(process.argv[3] ?? "8000"));
