import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { createApps } from "../../src/app.ts";
import { ensureCertificate } from "../../src/bootstrap/tls/certificate.ts";
import { readServed } from "../../src/bootstrap/tls/examine.ts";
import { type Listener, listen } from "../../src/listen.ts";
import { testSettings } from "../support/settings.ts";
import { createWorld, type World } from "./support/world.ts";

/** What came back over one connection, until it closed or `milliseconds` passed. */
interface Heard {
  text: string;
  closed: boolean;
}

describe("a real listener against hostile clients", () => {
  let world: World;
  let listener: Listener;
  let tlsListener: Listener;
  before(async () => {
    world = await createWorld();
    const { all } = createApps(world.cloud);
    const where = { host: "127.0.0.1", port: 0 };
    listener = await listen(all, where);
    const settings = testSettings({}, { DATA_DIR: world.directory, SERVICE_PROTOCOL: "https" });
    await ensureCertificate(settings, "box", Date.now());
    const { certificate, key } = readServed(settings);
    tlsListener = await listen(all, { ...where, tls: { cert: certificate, key } });
  });
  after(async () => {
    await listener.close();
    await tlsListener.close();
    await world.close();
  });

  function open(kind: "plain" | "tls" = "plain"): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const to = { host: "127.0.0.1", allowHalfOpen: true };
      const socket =
        kind === "plain"
          ? connect({ ...to, port: listener.port })
          : connectTls({ ...to, port: tlsListener.port, rejectUnauthorized: false });
      socket.once("error", reject);
      socket.once(kind === "plain" ? "connect" : "secureConnect", () => {
        socket.removeListener("error", reject);
        // A server that has had enough resets the connection: that is an answer, too.
        socket.on("error", () => {});
        resolve(socket);
      });
    });
  }

  /** Listens until `enough` says so, the connection closes, or time is over. */
  function hear(socket: Socket, milliseconds: number, enough: (text: string) => boolean = () => false): Promise<Heard> {
    return new Promise((resolve) => {
      let text = "";
      let timer: NodeJS.Timeout | undefined;
      const done = (closed: boolean) => {
        clearTimeout(timer);
        socket.destroy();
        resolve({ text, closed });
      };
      timer = setTimeout(() => done(false), milliseconds);
      socket.setEncoding("latin1");
      socket.on("data", (chunk) => {
        text += String(chunk);
        if (enough(text)) done(false);
      });
      socket.once("close", () => done(true));
      socket.once("end", () => done(true));
    });
  }

  /** Sends bytes and answers what came back; the request must ask for the connection to be closed, or be broken. */
  async function raw(bytes: string | Buffer, milliseconds = 3_000): Promise<Heard> {
    const socket = await open();
    const heard = hear(socket, milliseconds);
    socket.write(bytes);
    return heard;
  }

  const status = ({ text }: Heard): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
  const get = (path: string, headers = "") =>
    raw(`GET ${path} HTTP/1.1\r\nHost: box\r\nConnection: close\r\n${headers}\r\n`);
  /** The cloud still answers, and soon. */
  async function healthy(): Promise<void> {
    const begin = performance.now();
    assert.equal(status(await get("/identity/v3")), 200);
    assert.ok(performance.now() - begin < 1_000);
  }
  const auth = () => `X-Auth-Token: ${world.tokens.member}\r\n`;

  test("headers beyond the limits are refused: 431", async () => {
    assert.equal(status(await get("/identity/v3", `X-Big: ${"a".repeat(70_000)}\r\n`)), 431);
    assert.equal(status(await get("/identity/v3", "X-Many: 1234567890\r\n".repeat(5_000))), 431);
    await healthy();
  });

  test("a URL of a megabyte is refused: 414 or 431; one of 8 kB is only unknown", async () => {
    assert.ok([414, 431].includes(status(await get(`/identity/v3?${"a".repeat(1_000_000)}`))));
    assert.equal(status(await get(`/compute/v2.1/servers/${"a".repeat(8_000)}`, auth())), 404);
    await healthy();
  });

  test("announced bodies of 100 MB are refused before they are read", async () => {
    const heard = await raw(
      `POST /compute/v2.1/servers HTTP/1.1\r\nHost: box\r\nConnection: close\r\n${auth()}Content-Type: application/json\r\nContent-Length: 104857600\r\n\r\n{`,
    );
    assert.equal(status(heard), 413);
    assert.match(heard.text, /"overLimit"/);
    await healthy();
  });

  test("a JSON of 100 MB is not swallowed: the memory stays where it was", async () => {
    const socket = await open();
    const heard = hear(socket, 10_000);
    const before = process.memoryUsage().rss;
    socket.write(
      `POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: box\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = `10000\r\n${"a".repeat(65_536)}\r\n`;
    for (let sent = 0; sent < 1_600 && !socket.destroyed; sent += 1) {
      if (socket.write(chunk)) continue;
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), heard]);
    }
    assert.equal(status(await heard), 413);
    assert.ok(process.memoryUsage().rss - before < 150e6, `${(process.memoryUsage().rss - before) / 1e6} MB`);
    await healthy();
  });

  test("a body of depth 10,000 is a 400", async () => {
    const body = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
    const heard = await raw(
      `POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: box\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.equal(status(heard), 400);
  });

  test("invalid UTF-8 in a body, a path and a query is no 500", async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    const heard = await raw(
      Buffer.concat([
        Buffer.from(
          `POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: box\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
        ),
        body,
      ]),
    );
    assert.equal(status(heard), 400);
    assert.equal(status(await get("/compute/v2.1/servers/%ff%fe", auth())), 400);
    assert.equal(status(await get("/compute/v2.1/servers?name=%ff%fe", auth())), 200);
    const bytes = Buffer.concat([
      Buffer.from("GET /compute/v2.1/servers/"),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(` HTTP/1.1\r\nHost: box\r\nConnection: close\r\n${auth()}\r\n`),
    ]);
    assert.ok([400, 404].includes(status(await raw(bytes))));
    await healthy();
  });

  test("unknown methods, TRACE and CONNECT do nothing", async () => {
    for (const method of ["TRACE", "PROPFIND", "OPTIONS", "LOCK", "PURGE"]) {
      const heard = await raw(
        `${method} /compute/v2.1/servers HTTP/1.1\r\nHost: box\r\nX-Secret: s3cr3t\r\nConnection: close\r\n\r\n`,
      );
      assert.ok([400, 401, 404, 405, 501].includes(status(heard)), `${method}: ${heard.text.slice(0, 100)}`);
      assert.ok(!heard.text.includes("s3cr3t"), `${method} echoes headers`);
    }
    for (const line of [
      "CONNECT 127.0.0.1:22 HTTP/1.1",
      "BREW /pot HTTP/1.1",
      "GET / HTTP/9.9",
      "GET",
      "\0\0\0\0",
      "\x16\x03\x01\x02\x00\x01",
    ]) {
      const heard = await raw(`${line}\r\nHost: box\r\nConnection: close\r\n\r\n`);
      assert.ok(heard.closed, line);
      assert.ok(
        heard.text === "" || [400, 404, 405, 501, 505].includes(status(heard)),
        `${line}: ${heard.text.slice(0, 80)}`,
      );
    }
    await healthy();
  });

  test("an absolute-form URI and a hostile Host do not lead links elsewhere", async () => {
    const evil = await raw("GET http://evil.example/identity/v3 HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n");
    assert.ok(!evil.text.includes("evil.example"), evil.text);
    for (const host of [
      "evil.example/x",
      "a b",
      "evil.example:99999999",
      'box"><script>',
      "[::1",
      "user@evil.example",
      "evil.example#",
      "",
      "%00",
      "box,evil.example",
    ]) {
      const heard = await raw(`GET /identity/v3 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.ok([200, 400].includes(status(heard)), `${host}: ${heard.text.slice(0, 200)}`);
      assert.ok(!/evil|script|a b/.test(heard.text), `${host}: ${heard.text}`);
    }
    const forwarded = await get(
      "/identity/v3",
      "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nForwarded: host=evil.example\r\nX-Original-URL: /identity/v3/users\r\n",
    );
    assert.equal(status(forwarded), 200);
    assert.ok(!/evil|gopher/.test(forwarded.text));
    const two = await raw("GET /identity/v3 HTTP/1.1\r\nHost: box\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert.ok(!two.text.includes("evil.example"), two.text);
    assert.equal(status(await raw("GET /identity/v3 HTTP/1.1\r\nConnection: close\r\n\r\n")), 400);
    const old = await raw("GET /identity/v3 HTTP/1.0\r\n\r\n");
    assert.equal(status(old), 200);
    assert.ok(!old.text.includes("localhost"), old.text);
    await healthy();
  });

  test("ambiguous lengths are refused: no request is smuggled", async () => {
    const head = "POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\n";
    const smuggled = "GET /identity/v3 HTTP/1.1\r\nHost: box\r\n\r\n";
    for (const lengths of [
      "Content-Length: 4\r\nContent-Length: 40\r\n",
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
      "Transfer-Encoding: xchunked\r\n",
      "Content-Length: -1\r\n",
      "Content-Length: 1e3\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Content-Length : 4\r\n",
      "X: a\rb\r\n",
      " Content-Length: 4\r\n",
    ]) {
      const heard = await raw(`${head}${lengths}\r\n0\r\n\r\n${smuggled}`);
      assert.ok(heard.closed, lengths);
      assert.ok(!heard.text.includes(" 200 OK"), `${lengths}: ${heard.text}`);
    }
    await healthy();
  });

  test("a body that is shorter than announced changes nothing and holds nobody up", async () => {
    const socket = await open();
    socket.write(
      `POST /networking/v2.0/networks HTTP/1.1\r\nHost: box\r\n${auth()}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"network":{"name":"half"}}`,
    );
    await healthy();
    socket.end();
    const heard = await hear(socket, 3_000);
    assert.ok(heard.closed, "a half-closed connection is closed");
    const { body } = await world.as("member", "GET", "/networking/v2.0/networks?name=half");
    assert.deepEqual(body.networks, []);
    assert.ok(!world.logs.some(({ level, message }) => level === "error" && message.includes("networks failed")));
  });

  test("slow clients are waited for only so long, and hold up nobody", { timeout: 60_000 }, async () => {
    const kinds = ["plain", "tls"] as const;
    const slowHeaders = await Promise.all(kinds.map(open));
    for (const socket of slowHeaders) socket.write("GET /identity/v3 HTTP/1.1\r\nHost: box\r\nX-Slow: ");
    const slowBodies = await Promise.all(kinds.map(open));
    for (const socket of slowBodies) {
      socket.write(
        "POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
    }
    const drip = setInterval(() => {
      for (const socket of slowHeaders) if (!socket.destroyed) socket.write("a");
      for (const socket of slowBodies) if (!socket.destroyed) socket.write("1\r\n \r\n");
    }, 200);
    try {
      await healthy();
      const heard = await Promise.all([...slowHeaders, ...slowBodies].map((socket) => hear(socket, 50_000)));
      heard.forEach((one, index) => {
        const what = `${index < kinds.length ? "headers" : "a body"} without an end, ${kinds[index % kinds.length]}`;
        assert.ok(one.closed, what);
        assert.equal(status(one), 408, what);
      });
    } finally {
      clearInterval(drip);
    }
  });

  test("an upload that stops in its midst is not waited for for ever, and leaves nothing", async () => {
    const quick = await listen(createApps(world.cloud).all, { host: "127.0.0.1", port: 0, silence: 300 });
    try {
      const made = await world.as("member", "POST", "/image/v2/images", {
        name: "stalled",
        disk_format: "raw",
        container_format: "bare",
      });
      const path = `/image/v2/images/${made.body.id}`;
      const socket = connect({ port: quick.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      const heard = hear(socket, 20_000);
      socket.write(
        `PUT ${path}/file HTTP/1.1\r\nHost: box\r\n${auth()}Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\nbegun`,
      );
      assert.ok((await heard).closed, "the connection is closed");
      const queued = async () => (await world.as("member", "GET", path)).body.status === "queued";
      while (!(await queued())) await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      await quick.close();
    }
  });

  test("pipelined requests are answered in their order", async () => {
    const paths = ["/identity/v3", "/nowhere", "/compute/v2.1", "/identity/v3/users", "/image/v2/schemas/image"];
    const requests = paths.map(
      (path, index) => `GET ${path} HTTP/1.1\r\nHost: box\r\n${index === 4 ? "Connection: close\r\n" : ""}\r\n`,
    );
    const heard = await raw(requests.join(""));
    assert.deepEqual(
      [...heard.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
      ["200", "404", "200", "401", "401"],
    );
  });

  test("a thousand idle connections disturb nobody", async () => {
    const sockets = await Promise.all(Array.from({ length: 1_000 }, () => open()));
    try {
      await healthy();
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await healthy();
  });

  test("paths with slashes, dots and NUL name nothing else than they say", async () => {
    for (const [path, expected] of [
      ["/identity/v3/", [200]],
      ["/identity/v3//users", [401]],
      ["//identity/v3", [200]],
      ["/identity//v3", [200]],
      ["/identity/v3/users/../../../etc/passwd", [401, 404]],
      ["/identity/v3/%2e%2e/%2e%2e/etc/passwd", [401, 404]],
      ["/identity/v3/users/%00", [401]],
      ["/identity/v3/users%2f", [401, 404]],
      ["/image/v2/images/..%2f..%2f..%2fetc%2fpasswd/file", [401, 404]],
      ["/compute/../identity/v3", [200]],
      ["/%69dentity/v3", [401, 404, 200]],
      ["/identity/v3%", [400, 401, 404]],
      ["/identity/v3;x=y", [401, 404]],
      ["/identity/v3\\users", [400, 401, 404]],
      ["/IDENTITY/V3", [404]],
      ["/?x", [200]],
    ] as const) {
      const heard = await get(path);
      assert.ok((expected as readonly number[]).includes(status(heard)), `${path}: ${heard.text.slice(0, 200)}`);
      const known = await get(path, auth());
      assert.ok(status(known) > 0 && status(known) < 500, `${path}: ${known.text.slice(0, 200)}`);
      assert.ok(!known.text.includes("root:"));
    }
  });

  test("HEAD answers what GET answers, without a body", async () => {
    const paths = [
      ...world.owned.values(),
      "/identity/v3",
      "/compute/v2.1/servers",
      "/networking/v2.0/networks",
      "/placement/",
    ];
    const url = `http://127.0.0.1:${listener.port}`;
    const token = world.tokens.member ?? "";
    for (const path of paths) {
      const headers = { "x-auth-token": token, accept: "application/json" };
      const [full, head] = await Promise.all([
        fetch(url + path, { headers }),
        fetch(url + path, { headers, method: "HEAD" }),
      ]);
      assert.equal(head.status, full.status, path);
      assert.equal(await head.text(), "", path);
      assert.equal(head.headers.get("content-type"), full.headers.get("content-type"), path);
      await full.text();
    }
  });

  test("header values of a request cannot add headers to the answer", async () => {
    const heard = await get(
      "/identity/v3",
      "X-OpenStack-Request-ID: req-1%0d%0aX-Evil: 1\r\nOpenStack-API-Version: compute 2.1%0d%0aX-Evil:1\r\n",
    );
    assert.ok(!/^x-evil/im.test(heard.text));
    const version = await get("/compute/v2.1/servers", `${auth()}OpenStack-API-Version: compute \x01\xff\r\n`);
    assert.ok([200, 400, 406].includes(status(version)), version.text.slice(0, 100));
  });
});
