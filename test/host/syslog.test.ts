import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { syslogLine, syslogSink } from "../../src/host/syslog.ts";
import type { LogRecord } from "../../src/kernel/log/logger.ts";

let server: Socket;
before(async () => {
  server = createSocket("udp4");
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
});
after(() => server.close());

const record: LogRecord = {
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  level: "warning",
  name: "nova",
  message: "no space left",
  requestId: "req-1",
  fields: { server: "x" },
};

test("a record arrives as one message of RFC 5424", async () => {
  const { sink, close } = syslogSink({ host: "127.0.0.1", port: server.address().port }, "box");
  const arrived = once(server, "message");
  sink(record);
  const [bytes] = (await arrived) as [Buffer];
  close();
  const text = bytes.toString();
  assert.match(
    text,
    new RegExp(`^<12>1 2026-01-02T03:04:05\\.006Z box nova ${process.pid} req-1 - \\{.*no space left.*\\}$`),
  );
  assert.equal(text, syslogLine(record, "box", process.pid));
});

test("severities follow levels, and no word of the header holds a blank or a line break", () => {
  const priorities = (["error", "warning", "info", "debug"] as const).map(
    (level) => /^<(\d+)>/.exec(syslogLine({ ...record, level }, "box", 1))?.[1],
  );
  assert.deepEqual(priorities, ["11", "12", "14", "15"]);
  const odd = syslogLine({ ...record, name: "a b\nc", requestId: null, message: "one\ntwo" }, "box", 1);
  assert.match(odd, /^<12>1 \S+ box a_b_c 1 - - \{/);
  assert.ok(!odd.includes("\n"));
});

test("a server that is not there costs nothing", async () => {
  const nobody = createSocket("udp4");
  nobody.bind(0, "127.0.0.1");
  await once(nobody, "listening");
  const { port } = nobody.address();
  nobody.close();
  const { sink, close } = syslogSink({ host: "127.0.0.1", port }, "box");
  for (let sent = 0; sent < 20; sent += 1) sink(record);
  close();
  assert.doesNotThrow(() => sink(record));
});
