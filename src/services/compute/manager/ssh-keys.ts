import { createHash, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

export interface SshKeyPair {
  /** "ssh-rsa AAAA… Generated-by-Nova" */
  publicKey: string;
  /** PEM of PKCS#1, which every ssh client and library reads. */
  privateKey: string;
}

/** RSA of 2048 bits, as nova makes; on a thread of the pool, not on the main one. */
export async function generateSshKeyPair(): Promise<SshKeyPair> {
  const { publicKey, privateKey } = await generate("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  return { publicKey: `ssh-rsa ${rsaBlob(publicKey).toString("base64")} Generated-by-Nova`, privateKey };
}

/** MD5 of the key's blob as colon-separated pairs; null for what is no OpenSSH public key. */
export function sshFingerprint(publicKey: string): string | null {
  const [type, encoded] = publicKey.trim().split(/\s+/);
  if (type === undefined || encoded === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return null;
  const blob = Buffer.from(encoded, "base64");
  if (blob.length < 8 || blob.length < 4 + blob.readUInt32BE(0)) return null;
  if (blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1") !== type) return null;
  return createHash("md5").update(blob).digest("hex").match(/../g)?.join(":") ?? null;
}

/** The wire form of an RSA key (RFC 4253): "ssh-rsa", exponent, modulus, from its SubjectPublicKeyInfo. */
function rsaBlob(spki: Buffer): Buffer {
  // SEQUENCE { SEQUENCE { OID, NULL }, BIT STRING { SEQUENCE { INTEGER modulus, INTEGER exponent } } }
  const outer = derContent(spki, 0);
  const algorithm = derContent(spki, outer.start);
  const bits = derContent(spki, algorithm.end);
  const key = derContent(spki, bits.start + 1);
  const modulus = derContent(spki, key.start);
  const exponent = derContent(spki, modulus.end);
  return Buffer.concat(
    [
      Buffer.from("ssh-rsa"),
      spki.subarray(exponent.start, exponent.end),
      spki.subarray(modulus.start, modulus.end),
    ].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function derContent(der: Buffer, offset: number): { start: number; end: number } {
  const first = der[offset + 1] ?? 0;
  if (first < 0x80) return { start: offset + 2, end: offset + 2 + first };
  const size = first & 0x7f;
  const start = offset + 2 + size;
  return { start, end: start + der.readUIntBE(offset + 2, size) };
}
