import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { makeCertificate } from "../../../src/kernel/x509/certificate.ts";
import { addressFilter } from "../../../src/services/image/download/address.ts";
import { DownloadRefused, fetchUrl, parseUrl, resolveAllowed } from "../../../src/services/image/download/fetch.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

/** Stands for the inside of the cloud: nobody may reach 127.0.0.1. */
let inside: Server;
/** Stands for the internet: 127.0.0.2 may be reached. */
let outside: Server;
let t: ImageCloud;
const insideSaw: string[] = [];
let redirect = "";

async function listening(
  host: string,
  port: number,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return server;
}
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

before(async () => {
  t = await imageCloud();
  inside = await listening("127.0.0.1", 0, (request, response) => {
    insideSaw.push(request.url ?? "");
    response.end("the inside");
  });
  outside = await listening("127.0.0.2", portOf(inside), (request, response) => {
    if (request.url === "/redirect") response.writeHead(302, { location: redirect }).end();
    else response.end(`the outside, asked for ${request.headers.host}`);
  });
});
after(async () => {
  await t.close();
  for (const server of [inside, outside]) {
    server.closeAllConnections();
    server.close();
  }
});

const mayReach = (address: string) => address !== "127.0.0.1";
async function text(url: string, names: Readonly<Record<string, readonly string[]>> = {}): Promise<string> {
  const resolve = async (host: string) => names[host] ?? [];
  const { stream } = await fetchUrl(url, { mayReach, resolve });
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

test("a redirect leads nowhere that the first URL could not: not to an address, not through a name", async () => {
  const port = portOf(inside);
  const names = {
    "out.example": ["127.0.0.2"],
    "in.example": ["127.0.0.1"],
    "both.example": ["127.0.0.2", "127.0.0.1"],
  };
  for (redirect of [
    `http://127.0.0.1:${port}/secret`,
    `http://in.example:${port}/secret`,
    `http://both.example:${port}/secret`,
    `http://2130706433:${port}/secret`,
    `http://0177.0.0.1:${port}/secret`,
    `http://0x7f.1:${port}/secret`,
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    `http://user:pw@out.example:${port}/`,
  ]) {
    await assert.rejects(text(`http://out.example:${port}/redirect`, names), DownloadRefused, redirect);
  }
  redirect = "/redirect";
  await assert.rejects(text(`http://out.example:${port}/redirect`, names), /redirects more than 5 times/);
  redirect = `http://out.example:${port}/fine`;
  assert.match(await text(`http://out.example:${port}/redirect`, names), /the outside/);
  assert.deepEqual(insideSaw, []);
});

test("a name is looked up once: what was checked is what is connected to", async () => {
  let looked = 0;
  const resolve = async () => {
    looked += 1;
    return looked === 1 ? ["127.0.0.2"] : ["127.0.0.1"];
  };
  const port = portOf(inside);
  const { stream } = await fetchUrl(`http://rebind.example:${port}/`, { mayReach, resolve });
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  assert.equal(Buffer.concat(parts).toString(), `the outside, asked for rebind.example:${port}`);
  assert.equal(looked, 1);
  assert.deepEqual(insideSaw, []);
});

test("every spelling of an address is the address", async () => {
  const filter = { mayReach: addressFilter([]) };
  const refused = (url: string) =>
    assert.rejects(async () => resolveAllowed(parseUrl(url), filter), DownloadRefused, url);
  for (const host of [
    ...["127.0.0.1", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "127.1", "0x7f.0.0.1", "127.0.0.1."],
    ...["①②⑦.0.0.1", "%31%32%37.0.0.1", "[::1]", "[::]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
    ...["[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fd00::1]", "[ff02::1]"],
    ...["[2001:0:7f00:1::]", "[5f00::1]", "169.254.169.254", "0xa9fea9fe", "0", "10.0.0.1", "100.64.0.1", "224.0.0.1"],
    ...["255.255.255.255", "192.168.0.1", "172.16.0.1", "localhost"],
  ]) {
    await refused(`http://${host}/`);
  }
  await assert.rejects(async () => resolveAllowed(parseUrl("http://[fe80::1%25eth0]/"), filter));
  assert.equal(await resolveAllowed(parseUrl("http://8.8.8.8/"), filter), "8.8.8.8");
});

test("this machine's own addresses are refused, public ones too, and so are the box's ranges", () => {
  const mayGo = addressFilter(["198.41.0.0/24", "2a00:1234::/64"], () => ["93.184.216.34", "2a00:5678::1"]);
  for (const address of [
    "93.184.216.34",
    "2a00:5678::1",
    "2a00:5678:0::1",
    "::ffff:93.184.216.34",
    "198.41.0.7",
    "2a00:1234::7",
  ]) {
    assert.equal(mayGo(address), false, address);
  }
  for (const address of ["93.184.216.35", "2a00:5678::2", "198.41.1.7"]) assert.equal(mayGo(address), true, address);
});

test("web-download takes the ports 80 and 443, and tells no address of the inside", async () => {
  const ask = async (uri: string) => {
    const { id } = await t.create();
    return t.request("POST", `/image/v2/images/${id}/import`, {
      token: "member:alpha",
      body: { method: { name: "web-download", uri } },
      headers: { accept: "application/json" },
    });
  };
  for (const uri of ["http://8.8.8.8:22/", "https://8.8.8.8:8774/", "http://8.8.8.8:443443/"]) {
    assert.equal((await ask(uri)).status, 400, uri);
  }
  const names = { "db.internal": ["10.20.30.40"] };
  const options = { mayReach: addressFilter([]), resolve: async (host: string) => names[host as "db.internal"] };
  await assert.rejects(fetchUrl("http://db.internal/", options), (error: Error) => !error.message.includes("10.20"));
});

test("what is fetched is told without its query, which may be a secret", async () => {
  const port = portOf(inside);
  redirect = "ftp://x/";
  const missing = await listening("127.0.0.2", 0, (_request, response) => response.writeHead(403).end());
  const url = `http://out.example:${portOf(missing)}/image?X-Amz-Signature=presigned-secret`;
  await assert.rejects(text(url, { "out.example": ["127.0.0.2"] }), (error: Error) => {
    assert.match(error.message, /out\.example:\d+\/image answered 403/);
    return !error.message.includes("presigned-secret");
  });
  await assert.rejects(
    text(`http://out.example:${port}/redirect?secret`, {}),
    (error: Error) => !/secret/.test(error.message),
  );
  missing.close();
});

test("https with a certificate that nobody vouches for, or for another name, is refused", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const now = Date.now();
  const cert = makeCertificate({
    subject: { commonName: "out.example" },
    publicKey,
    issuer: null,
    signingKey: privateKey,
    validFrom: now - 60_000,
    validTo: now + 3_600_000,
    use: { kind: "server", names: ["out.example"] },
  });
  let asked = 0;
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  const server = createTlsServer({ key, cert }, (_request, response) => {
    asked += 1;
    response.end("in the middle");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.2", resolve));
  const url = `https://out.example:${(server.address() as AddressInfo).port}/`;
  await assert.rejects(text(url, { "out.example": ["127.0.0.2"] }), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  assert.equal(asked, 0);
  server.closeAllConnections();
  server.close();
});
