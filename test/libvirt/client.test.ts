import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { domainRef, encode, i32, string, struct } from "../../src/libvirt/codecs.ts";
import { eventKinds } from "../../src/libvirt/events.ts";
import { encodeFrame, type Frame, messageStatus, messageType, program } from "../../src/libvirt/frame.ts";
import {
  type ConnectionChange,
  type ConnectOptions,
  connect,
  type EventOf,
  type Libvirt,
  LibvirtConnectionError,
  LibvirtError,
  type LibvirtStream,
  LibvirtTimeoutError,
  remote,
} from "../../src/libvirt/index.ts";
import { FakeServer, Refusal } from "./fake-server.ts";

const domain = { name: "vm", uuid: "8f3e0c5e-1111-4222-8333-123456789abc", id: 7 };

/** Waits for something to become true. */
async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`still not: ${what}`);
    await sleep(5);
  }
}

function lifecycle(event: number, detail: number): Frame {
  const payload = encode(struct({ callbackId: i32, domain: domainRef, event: i32, detail: i32 }), {
    callbackId: 0,
    domain,
    event,
    detail,
  });
  // Serial 1, as libvirt 9 sends it.
  return { program: program.remote, procedure: 318, type: messageType.event, serial: 1, status: 0, payload };
}

let server: FakeServer;
let libvirt: Libvirt;

async function open(options: Partial<ConnectOptions> = {}): Promise<Libvirt> {
  libvirt = await connect({
    socketPath: server.socketPath,
    uri: "qemu:///system",
    reconnect: { minMs: 5, maxMs: 20 },
    ...options,
  });
  return libvirt;
}

beforeEach(async () => {
  server = await FakeServer.create();
});
afterEach(async () => {
  await libvirt?.close();
  await server.remove();
});

describe("connecting", () => {
  it("authenticates first, opens the URI, and registers for every kind of event", async () => {
    let uri: string | null = null;
    server.on(remote.connectOpen, (args) => {
      uri = args.uri;
      return {};
    });
    await open();
    assert.equal(libvirt.state, "connected");
    assert.equal(uri, "qemu:///system");
    const ids = server.peer.received.map(({ procedure }) => procedure);
    assert.deepEqual(ids.slice(0, 2), [remote.authList.id, remote.connectOpen.id]);
    assert.equal(ids.filter((id) => id === remote.registerDomainEvent.id).length, Object.keys(eventKinds).length);
  });

  it("passes polkit when asked, and refuses what it cannot do", async () => {
    let asked = false;
    server.on(remote.authList, () => ({ types: [2] }));
    server.on(remote.authPolkit, () => {
      asked = true;
      return { complete: 1 };
    });
    await (await open()).close();
    assert.ok(asked);
    server.on(remote.authList, () => ({ types: [1] }));
    await assert.rejects(open(), { name: "LibvirtConnectionError", message: /authentication/ });
  });

  it("does without an event that the driver lacks", async () => {
    server.on(remote.registerDomainEvent, ({ event }) => {
      if (event === 22) throw new Refusal(3, "no such event");
      return { callbackId: event };
    });
    await open();
    assert.equal(libvirt.state, "connected");
  });

  it("rejects when nothing listens, when the daemon refuses, and when it is silent", async () => {
    await assert.rejects(connect({ socketPath: `${server.socketPath}-none`, uri: "test:///default" }), {
      name: "LibvirtConnectionError",
      message: /ENOENT/,
    });
    server.on(remote.connectOpen, () => {
      throw new Refusal(38, "no hypervisor");
    });
    await assert.rejects(open(), { name: "LibvirtError", codeName: "system-error", message: "no hypervisor" });
    server.raw(remote.connectOpen, () => {});
    await assert.rejects(open({ connectTimeoutMs: 50 }), LibvirtTimeoutError);
  });
});

describe("calls", () => {
  it("get their own answers, in whatever order and pieces these come", async () => {
    await open();
    const waiting: Frame[] = [];
    server.raw(remote.lookupByName, (call, peer) => {
      waiting.push(call);
      if (waiting.length < 3) return;
      const names = ["a", "b", "c"];
      const bytes = Buffer.concat(
        waiting
          .map((each, i) =>
            encodeFrame({
              ...each,
              type: messageType.reply,
              status: messageStatus.ok,
              payload: encode(remote.lookupByName.result, { domain: { ...domain, name: names[i] ?? "" } }),
            }),
          )
          .toReversed(),
      );
      for (const byte of bytes) peer.socket.write(Buffer.from([byte]));
    });
    const found = await Promise.all(["a", "b", "c"].map((name) => libvirt.domains.lookupByName(name)));
    assert.deepEqual(
      found.map(({ name }) => name),
      ["a", "b", "c"],
    );
  });

  it("reject with libvirt's error, by code and name", async () => {
    server.on(remote.lookupByUuid, () => {
      throw new Refusal(42, "Domain not found");
    });
    await open();
    await assert.rejects(libvirt.domains.lookupByUuid(domain.uuid), (error) => {
      assert.ok(error instanceof LibvirtError);
      assert.deepEqual([error.code, error.codeName, error.message], [42, "no-domain", "Domain not found"]);
      return true;
    });
    assert.equal(await libvirt.domains.findByUuid(domain.uuid), null);
  });

  it("time out, and a late answer harms nobody", async () => {
    await open({ callTimeoutMs: 30 });
    const calls: Frame[] = [];
    server.raw(remote.uri, (call) => void calls.push(call));
    await assert.rejects(libvirt.host.uri(), { name: "LibvirtTimeoutError", procedure: "uri", timeoutMs: 30 });
    const [late] = calls;
    assert.ok(late);
    server.peer.reply(late, remote.uri, { uri: "late" });
    assert.equal(await libvirt.host.hostname(), "fake");
  });

  it("wait for ever where asked to: a guest's agent freezes also for those who have left", async () => {
    await open({ callTimeoutMs: 30 });
    const call = Promise.withResolvers<Frame>();
    server.raw(remote.fsFreeze, call.resolve);
    server.on(remote.lookupByUuid, () => ({ domain }));
    const guest = (await libvirt.domains.lookupByUuid(domain.uuid)).guest;
    const freezing = guest.freeze([], { timeoutMs: 0 });
    server.raw(remote.fsThaw, () => {});
    await assert.rejects(guest.thaw(), { name: "LibvirtTimeoutError" }, "longer than others are waited for");
    server.peer.reply(await call.promise, remote.fsFreeze, { filesystems: 2 });
    assert.equal(await freezing, 2);
  });

  it("with a bad argument send nothing", async () => {
    await open();
    const before = server.peer.received.length;
    await assert.rejects(libvirt.domains.lookupByName("a\0b"), TypeError);
    assert.equal(await libvirt.host.hostname(), "fake");
    assert.equal(server.peer.received.length, before + 1);
  });

  it("under way fail clearly when the daemon goes away; later ones say they were not sent", async () => {
    await open({ reconnect: false });
    server.raw(remote.uri, (_call, peer) => void peer.socket.destroy());
    await assert.rejects(libvirt.host.uri(), (error) => {
      assert.ok(error instanceof LibvirtConnectionError);
      assert.equal(error.sent, true);
      return true;
    });
    assert.equal(libvirt.state, "closed");
    await assert.rejects(libvirt.host.hostname(), (error) => {
      assert.ok(error instanceof LibvirtConnectionError);
      assert.equal(error.sent, false);
      return true;
    });
  });
});

describe("garbage from the daemon", () => {
  const rubbish: readonly [string, (call: Frame) => Buffer, RegExp][] = [
    ["text", () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), /not a libvirt message/],
    ["an oversized length", () => Buffer.from("7fffffff20008086", "hex"), /length 2147483647/],
    [
      "a result that is too short",
      (call) => encodeFrame({ ...call, type: messageType.reply, status: 0, payload: Buffer.alloc(2) }),
      /too short/,
    ],
    [
      "a result that is too long",
      (call) => encodeFrame({ ...call, type: messageType.reply, status: 0, payload: Buffer.alloc(8) }),
      /unexpected bytes/,
    ],
    [
      "an error that cannot be read",
      (call) => encodeFrame({ ...call, type: messageType.reply, status: 1, payload: Buffer.alloc(3) }),
      /too short/,
    ],
    [
      "an event that cannot be read",
      () => encodeFrame({ ...lifecycle(0, 0), payload: Buffer.from("ffff", "hex") }),
      /too short/,
    ],
    ["a call", (call) => encodeFrame({ ...call, type: messageType.call }), /not asked for/],
  ];
  for (const [what, bytes, message] of rubbish)
    it(`such as ${what} closes the connection, which then comes back`, async () => {
      await open();
      server.raw(remote.uri, (call, peer) => void peer.socket.write(bytes(call)));
      await assert.rejects(libvirt.host.uri(), { name: "LibvirtProtocolError", message });
      await libvirt.whenConnected(5000);
      assert.equal(await libvirt.host.hostname(), "fake");
      assert.equal(server.peers.length, 2);
    });

  it("in random form never does worse than an error", async () => {
    await open();
    for (let i = 0; i < 50; i++) {
      const noise = Buffer.from(Array.from({ length: 64 }, (_, n) => (i * 37 + n * n * 11 + (n ^ i)) & 0xff));
      // Half of them with a believable length, so that the header is looked at too.
      if (i % 2 === 0) noise.writeUInt32BE(64, 0);
      if (i % 4 === 0) noise.writeUInt32BE(program.remote, 4);
      if (i % 4 === 0) noise.writeUInt32BE(1, 8);
      if (i % 4 === 0) noise.writeUInt32BE(i % 7, 16);
      if (i % 4 === 0) noise.writeUInt32BE(0, 24);
      server.raw(remote.uri, (_call, peer) => void peer.socket.end(noise));
      await assert.rejects(libvirt.host.uri(), LibvirtConnectionError);
      await libvirt.whenConnected(5000);
    }
  });
});

describe("events", () => {
  it("reach listeners with words and a usable domain, and stop after unsubscribing", async () => {
    await open();
    const seen: EventOf<"lifecycle">[] = [];
    const stop = libvirt.on("lifecycle", (event) => void seen.push(event));
    server.peer.send(lifecycle(2, 0));
    server.peer.send(lifecycle(5, 2));
    server.peer.send(lifecycle(77, 3));
    await until("three events", () => seen.length === 3);
    assert.deepEqual(
      seen.map(({ event, detail }) => [event, detail]),
      [
        ["started", "booted"],
        ["stopped", "crashed"],
        ["unknown-77", "unknown-3"],
      ],
    );
    assert.equal(seen[0]?.domain.uuid, domain.uuid);
    server.on(remote.getState, () => ({ state: 5, reason: 3 }));
    assert.deepEqual(await seen[0]?.domain.state(), { state: "shut-off", reason: "crashed" });
    stop();
    server.peer.send(lifecycle(2, 0));
    assert.equal(await libvirt.host.hostname(), "fake");
    assert.equal(seen.length, 3);
  });

  it("go on to the others when a listener throws, and keep the connection", async () => {
    const complaints: string[] = [];
    const quiet = { debug() {}, info() {}, warn() {}, error: (message: string) => void complaints.push(message) };
    await open({ log: quiet });
    let heard = 0;
    libvirt.on("lifecycle", () => {
      throw new Error("bad listener");
    });
    libvirt.on("lifecycle", () => void heard++);
    server.peer.send(lifecycle(2, 0));
    await until("the second listener", () => heard === 1);
    assert.equal(complaints.length, 1);
    assert.equal(libvirt.state, "connected");
  });

  it("end the wait for a detached device", async () => {
    server.on(remote.lookupByName, () => ({ domain }));
    server.raw(remote.detachDeviceAlias, (call, peer) => {
      // The event may overtake the answer.
      for (const device of ["other0", "virtio-disk1"])
        peer.send({
          program: program.remote,
          procedure: 333,
          type: messageType.event,
          serial: 1,
          status: 0,
          payload: encode(struct({ callbackId: i32, domain: domainRef, device: string }), {
            callbackId: 0,
            domain,
            device,
          }),
        });
      peer.reply(call, remote.detachDeviceAlias, {});
    });
    await open();
    const vm = await libvirt.domains.lookupByName("vm");
    assert.equal(await vm.detachDeviceAndWait("virtio-disk1"), true);
    await assert.rejects(vm.detachDeviceAndWait("virtio-disk2", { timeoutMs: 30 }), LibvirtTimeoutError);
  });
});

describe("keepalive", () => {
  it("answers a ping", async () => {
    const pongs: Frame[] = [];
    server.onOther = (frame) => void (frame.program === program.keepalive && pongs.push(frame));
    await open();
    server.peer.send({
      program: program.keepalive,
      procedure: 1,
      type: messageType.event,
      serial: 0,
      status: 0,
      payload: Buffer.alloc(0),
    });
    await until("a pong", () => pongs.length > 0);
    assert.deepEqual([pongs[0]?.procedure, pongs[0]?.type, pongs[0]?.serial], [2, 2, 0]);
  });

  it("gives up on a daemon that is silent", async () => {
    await open({ keepalive: { intervalMs: 10, count: 3 }, reconnect: false });
    server.raw(remote.uri, () => {});
    await assert.rejects(libvirt.host.uri(), { name: "LibvirtConnectionError", message: /keepalive/ });
  });

  it("keeps a connection whose daemon answers pings", async () => {
    server.onOther = (frame, peer) => frame.program === program.keepalive && peer.send({ ...frame, procedure: 2 });
    await open({ keepalive: { intervalMs: 10, count: 2 }, reconnect: false });
    const pings = (): number => server.peer.received.filter((frame) => frame.program === program.keepalive).length;
    await until("ten pings", () => pings() >= 10);
    assert.equal(libvirt.state, "connected");
  });
});

describe("a restart of the daemon", () => {
  it("is survived: changes are told, events come again, old objects work", async () => {
    server.on(remote.lookupByName, () => ({ domain }));
    server.on(remote.getState, () => ({ state: 1, reason: 1 }));
    await open();
    const vm = await libvirt.domains.lookupByName("vm");
    const changes: ConnectionChange[] = [];
    libvirt.onConnectionChange((change) => void changes.push(change));
    let heard = 0;
    libvirt.on("lifecycle", () => void heard++);

    await server.stop();
    await until("the loss is noticed", () => libvirt.state === "reconnecting");
    await assert.rejects(vm.state(), { name: "LibvirtConnectionError", message: /not connected/ });
    await server.start();
    await libvirt.whenConnected(5000);
    assert.deepEqual(
      changes.map(({ state }) => state),
      ["reconnecting", "connected"],
    );
    assert.ok(changes[0]?.error instanceof LibvirtConnectionError);
    assert.deepEqual(await vm.state(), { state: "running", reason: "booted" });
    const registered = server.peer.received.filter(({ procedure }) => procedure === remote.registerDomainEvent.id);
    assert.equal(registered.length, Object.keys(eventKinds).length);
    server.peer.send(lifecycle(2, 0));
    await until("an event on the new connection", () => heard === 1);
  });

  it("does not bring a closed connection back", async () => {
    const closed = await open();
    // Another one with longer pauses between its attempts: once it is back, the closed one has had its chance.
    const other = await open({ reconnect: { minMs: 40, maxMs: 40 } });
    await server.stop();
    await until("the loss is noticed", () => closed.state === "reconnecting" && other.state === "reconnecting");
    await closed.close();
    const before = server.peers.length;
    await server.start();
    await other.whenConnected(5000);
    assert.equal(server.peers.length, before + 1);
    await other.close();
    libvirt = closed;
    await assert.rejects(libvirt.whenConnected(1000), LibvirtConnectionError);
  });
});

describe("streams", () => {
  let call: Frame;

  async function openConsole(options: { coalesceMs?: number; maxBufferedBytes?: number } = {}): Promise<LibvirtStream> {
    server.on(remote.lookupByName, () => ({ domain }));
    server.raw(remote.openConsole, (frame, peer) => {
      call = frame;
      peer.reply(frame, remote.openConsole, {});
    });
    await open();
    return (await libvirt.domains.lookupByName("vm")).openConsole(options);
  }

  const sent = (): Frame[] => server.peer.received.filter(({ type }) => type === messageType.stream);

  it("carry bytes both ways, small packets put together", async () => {
    const stream = await openConsole({ coalesceMs: 20 });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    for (const c of "hello world") server.peer.stream(call, messageStatus.more, Buffer.from(c));
    await until("all of it", () => Buffer.concat(chunks).toString() === "hello world");
    assert.ok(chunks.length < 11, `${chunks.length} chunks`);
    stream.write("");
    stream.write("x".repeat(150_000));
    await until("all of ours", () => Buffer.concat(sent().map(({ payload }) => payload)).length === 150_000);
    assert.ok(sent().every(({ status, payload }) => status === messageStatus.more && payload.length > 0));
    assert.ok(sent().every(({ serial, procedure }) => serial === call.serial && procedure === remote.openConsole.id));
  });

  it("deliver data that comes in one packet with the answer", async () => {
    server.on(remote.lookupByName, () => ({ domain }));
    server.raw(remote.openConsole, (frame, peer) => {
      const reply = encodeFrame({ ...frame, type: messageType.reply, payload: Buffer.alloc(0) });
      const data = encodeFrame({ ...frame, type: messageType.stream, status: 2, payload: Buffer.from("early") });
      peer.socket.write(Buffer.concat([reply, data]));
    });
    await open();
    const stream = await (await libvirt.domains.lookupByName("vm")).openConsole();
    const [chunk] = await once(stream, "data");
    assert.equal(String(chunk), "early");
  });

  it("end when the guest's side ends", async () => {
    server.onOther = (frame, peer) => frame.status === messageStatus.ok && peer.stream(frame, messageStatus.ok);
    const stream = await openConsole();
    const text: string[] = [];
    stream.setEncoding("utf8").on("data", (chunk: string) => void text.push(chunk));
    server.peer.stream(call, messageStatus.more, Buffer.from("bye"));
    server.peer.stream(call, messageStatus.more);
    await once(stream, "close");
    assert.equal(text.join(""), "bye");
    assert.equal(sent().length, 1);
  });

  it("finish on end()", async () => {
    server.onOther = (frame, peer) => frame.status === messageStatus.ok && peer.stream(frame, messageStatus.ok);
    const stream = await openConsole();
    stream.resume().end("last");
    await once(stream, "close");
    assert.deepEqual(
      sent().map(({ status, payload }) => [status, payload.toString()]),
      [
        [messageStatus.more, "last"],
        [messageStatus.ok, ""],
      ],
    );
  });

  it("are aborted by destroy(), and what still comes is ignored", async () => {
    const stream = await openConsole();
    stream.destroy();
    await until("the abort", () => sent().length === 1);
    assert.deepEqual([sent()[0]?.status, sent()[0]?.payload.length], [messageStatus.error, 0]);
    server.peer.stream(call, messageStatus.more, Buffer.from("late"));
    server.peer.stream(call, messageStatus.ok);
    assert.equal(await libvirt.host.hostname(), "fake");
  });

  it("fail with the daemon's error", async () => {
    const stream = await openConsole();
    server.peer.refuse(call, 9, "console broke", messageType.stream);
    const [error] = await once(stream, "error");
    assert.ok(error instanceof LibvirtError);
    assert.equal(error.message, "console broke");
    assert.equal(sent().length, 0);
  });

  it("fail when the connection is lost, and do not bring the process down unwatched", async () => {
    const stream = await openConsole();
    // Not `once` of node:events, which would listen for errors.
    const closed = new Promise((resolve) => stream.once("close", resolve));
    server.peer.socket.destroy();
    await closed;
    assert.ok(stream.errored instanceof LibvirtConnectionError);
  });

  it("whose reader is too slow are aborted rather than kept in memory", async () => {
    const stream = await openConsole({ maxBufferedBytes: 100_000 });
    for (let i = 0; i < 4; i++) server.peer.stream(call, messageStatus.more, Buffer.alloc(50_000));
    await until("the abort", () => sent().some(({ status }) => status === messageStatus.error));
    assert.match(String(stream.errored), /not read/);
    assert.equal(libvirt.state, "connected");
  });

  it("are not made when the daemon refuses", async () => {
    server.on(remote.lookupByName, () => ({ domain }));
    server.on(remote.openConsole, () => {
      throw new Refusal(55, "domain is not running");
    });
    await open();
    const vm = await libvirt.domains.lookupByName("vm");
    await assert.rejects(vm.openConsole(), { codeName: "operation-invalid" });
  });

  it("give a whole screenshot", async () => {
    server.onOther = (frame, peer) => frame.status === messageStatus.ok && peer.stream(frame, messageStatus.ok);
    server.on(remote.lookupByName, () => ({ domain }));
    server.raw(remote.screenshot, (frame, peer) => {
      peer.reply(frame, remote.screenshot, { mime: "image/png" });
      for (let i = 0; i < 40; i++) peer.stream(frame, messageStatus.more, Buffer.alloc(60_000, i));
      peer.stream(frame, messageStatus.more);
    });
    await open();
    const { mime, data } = await (await libvirt.domains.lookupByName("vm")).screenshot();
    assert.equal(mime, "image/png");
    assert.equal(data.length, 40 * 60_000);
    assert.equal(data.at(-1), 39);
  });
});
