import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { ports } from "../src/host/preflight.ts";
import { Language } from "../src/kernel/config/language.ts";
import { loadSettings } from "../src/kernel/config/load.ts";
import type { Settings, Transport } from "../src/kernel/config/settings.ts";
import type { ServiceListener } from "../src/kernel/module.ts";
import type { Listener } from "../src/listen.ts";
import { openPorts } from "../src/open-ports.ts";
import { SERVICES } from "../src/services.ts";
import { identityStub, testCloud } from "./support/cloud.ts";
import { freePorts } from "./support/ports.ts";
import { testHostFacts } from "./support/settings.ts";

/** The cloud's language, in which the port of metadata has these transports. */
const languageWith = (transports: readonly Transport[]): Language =>
  new Language(
    SERVICES.map(({ declaration }) => {
      const metadata = declaration.settings?.ports?.metadata;
      if (declaration.settings === undefined || metadata === undefined) return declaration;
      const declared = { ...declaration.settings.ports, metadata: { ...metadata, transports } };
      return { ...declaration, settings: { ...declaration.settings, ports: declared } };
    }),
  );

async function settingsOf(
  variables: Record<string, string> = {},
  transports: readonly Transport[] = ["tcp", "udp"],
): Promise<Settings> {
  const [api, own] = (await freePorts(2)).map(String);
  const env = {
    VIRT_DRIVER: "fake",
    ADMIN_PASSWORD: "secret",
    SERVICE_LISTEN_ADDRESS: "127.0.0.1",
    API_PORT: api,
    METADATA_SERVICE_PORT: own,
    ...variables,
  };
  const language = languageWith(transports);
  return loadSettings({ language, env, hostFacts: testHostFacts, cwd: "/nonexistent", text: "" }).settings;
}

/** A service that says what it is told, in capitals, over both. */
const LISTENERS: readonly ServiceListener[] = [
  { port: "metadata", protocol: "tcp", serve: (socket) => void socket.on("data", (data) => socket.end(loud(data))) },
  { port: "metadata", protocol: "udp", receive: (message, _from, reply) => reply(loud(message)) },
];
const loud = (data: Buffer): Buffer => Buffer.from(data.toString().toUpperCase());

async function withCloud(
  settings: Settings,
  body: (open: () => Promise<Listener[]>, warnings: () => string[]) => Promise<void>,
): Promise<void> {
  const t = await testCloud([identityStub()]);
  const [only] = t.cloud.services;
  assert.ok(only !== undefined);
  const services = [{ ...only, instance: { ...only.instance, listeners: () => LISTENERS } }];
  const { kernel } = t.cloud;
  const cloud = { ...t.cloud, services, fronts: [], kernel: Object.assign(Object.create(kernel), { settings }) };
  let opened: Listener[] = [];
  const open = async () => {
    opened = await openPorts(cloud, undefined);
    return opened;
  };
  const said = () => kernel.warnings.list().map(({ key, message }) => `${key}: ${message}`);
  await body(open, said).finally(() => Promise.all(opened.map((listener) => listener.close())));
  await t.close();
}

async function askUdp(port: number, text: string): Promise<{ answer: string; from: string }> {
  const socket = createSocket("udp4");
  socket.send(text, port, "127.0.0.1");
  const [message, from] = await once(socket, "message");
  socket.close();
  return { answer: String(message), from: `${from.address}:${from.port}` };
}

async function askTcp(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const [data] = await once(socket, "data");
  return String(data);
}

async function bound(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind({ port, address: "127.0.0.1", exclusive: true });
  await once(socket, "listening");
  return socket;
}

test("a service that declares UDP beside TCP answers both at its port, until it is stopped", async () => {
  const settings = await settingsOf();
  const port = settings.ports.metadata;
  await withCloud(settings, async (open, warnings) => {
    const listeners = await open();
    assert.deepEqual(await askUdp(port, "who is it?"), { answer: "WHO IS IT?", from: `127.0.0.1:${port}` });
    assert.equal(await askTcp(port, "who is it?"), "WHO IS IT?");
    assert.deepEqual(warnings(), []);
    assert.equal(listeners.filter((listener) => listener.port === port).length, 2);
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    (await bound(port)).close();
  });
});

test("a UDP port that is taken is a warning that says who has it, and the TCP port opens all the same", async () => {
  const settings = await settingsOf();
  const port = settings.ports.metadata;
  const other = await bound(port);
  await withCloud(settings, async (open, warnings) => {
    await open();
    assert.deepEqual(warnings(), [
      `port-taken:${port}/udp: UDP port ${port} is taken by another program (find it with: ss -lunp 'sport = :${port}')`,
    ]);
    assert.equal(await askTcp(port, "x"), "X");
  });
  other.close();
});

test("the preflight looks at each transport of a declared port", async () => {
  const settings = await settingsOf();
  const { metadata } = settings.ports;
  const listening = settings.listening.filter(({ name }) => name === "metadata");
  assert.deepEqual(
    listening.map(({ transports }) => transports),
    [["tcp", "udp"]],
  );
  const said = async () => {
    const lines: string[] = [];
    await ports(
      { ...settings, listening },
      () => {},
      (severity, _name, message) => lines.push(`${severity}: ${message}`),
    );
    return lines;
  };
  assert.deepEqual(await said(), []);
  const udp = await bound(metadata);
  assert.deepEqual(await said(), [`warning: UDP port ${metadata} (metadata) is taken`]);
  const tcp = createServer().listen(metadata, "127.0.0.1");
  await once(tcp, "listening");
  assert.deepEqual(await said(), [
    `warning: port ${metadata} (metadata) is taken`,
    `warning: UDP port ${metadata} (metadata) is taken`,
  ]);
  udp.close();
  tcp.close();
});

test("one number may be a TCP port of one service and a UDP port of another, but not the same of both", async () => {
  const both = { API_PORT: "7070", METADATA_SERVICE_PORT: "7070" };
  assert.equal((await settingsOf(both, ["udp"])).ports.metadata, 7070);
  await assert.rejects(settingsOf(both), /METADATA_SERVICE_PORT and API_PORT are both port 7070/);
});
