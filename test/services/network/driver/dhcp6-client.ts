/**
 * A DHCPv6 client for tests, run inside a guest's namespace: `dhcp6-client.ts MAC stateful|stateless [UUID]` prints what it was given as
 * JSON. It names itself by the UUID where there is one, else by its MAC.
 * Stateful: solicit, request; stateless: an information request.
 */
import { createSocket } from "node:dgram";

const [macText = "", mode = "stateful", uuid] = process.argv.slice(2);
const TYPE = { solicit: 1, advertise: 2, request: 3, reply: 7, information: 11 };
const OPTION = {
  clientId: 1,
  serverId: 2,
  identity: 3,
  address: 5,
  wanted: 6,
  elapsed: 8,
  status: 13,
  dns: 23,
  domains: 24,
  ntp: 31,
};

const transaction = Buffer.from([1, 2, Math.floor(Math.random() * 256)]);
const socket = createSocket({ type: "udp6", reuseAddr: true });

function option(code: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code, 0);
  head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, data]);
}

function options(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    found.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

// RFC 8415: 3 is by link-layer address, 4 by UUID.
const duid = uuid === undefined ? `00030001${macText.replaceAll(":", "")}` : `0004${uuid.replaceAll("-", "")}`;
const clientId = option(OPTION.clientId, Buffer.from(duid, "hex"));
const wanted = option(OPTION.wanted, Buffer.from([0, OPTION.dns, 0, OPTION.domains, 0, OPTION.ntp]));
const elapsed = option(OPTION.elapsed, Buffer.alloc(2));
const identity = Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.alloc(8)]);

function send(type: number, ...more: Buffer[]): void {
  const message = Buffer.concat([Buffer.from([type]), transaction, clientId, wanted, elapsed, ...more]);
  socket.send(message, 547, "ff02::1:2%eth0");
}

const address = (bytes: Buffer): string =>
  new URL(`http://[${(bytes.toString("hex").match(/.{4}/g) ?? []).join(":")}]`).hostname.slice(1, -1);
const list = (bytes: Buffer | undefined): string[] =>
  Array.from({ length: (bytes?.length ?? 0) / 16 }, (_, index) =>
    address((bytes ?? Buffer.alloc(0)).subarray(index * 16, index * 16 + 16)),
  );

function domain(bytes: Buffer | undefined): string | null {
  if (bytes === undefined) return null;
  const labels: string[] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0; at += 1 + (bytes[at] ?? 0))
    labels.push(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)).toString());
  return labels.join(".");
}

socket.on("message", (message) => {
  if (!message.subarray(1, 4).equals(transaction)) return;
  const got = options(message.subarray(4));
  const given = got.get(OPTION.identity);
  if (message[0] === TYPE.advertise)
    send(
      TYPE.request,
      option(OPTION.serverId, got.get(OPTION.serverId) ?? Buffer.alloc(0)),
      option(OPTION.identity, given ?? identity),
    );
  if (message[0] !== TYPE.reply) return;
  const inner = given === undefined ? null : options(given.subarray(12)).get(OPTION.address);
  const result = {
    address: inner == null ? null : address(inner.subarray(0, 16)),
    dns: list(got.get(OPTION.dns)),
    domain: domain(got.get(OPTION.domains)),
    ntp: list(got.get(OPTION.ntp)),
  };
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
});
socket.bind(546, "::", () => {
  const ask = () =>
    mode === "stateful" ? send(TYPE.solicit, option(OPTION.identity, identity)) : send(TYPE.information);
  ask();
  setInterval(ask, 500);
});
setTimeout(() => process.exit(1), 8_000);
