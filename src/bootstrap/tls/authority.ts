import { createPrivateKey, generateKeyPair, type KeyObject, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { CertificateUse } from "../../kernel/x509/certificate.ts";
import { replaceFile } from "../files.ts";
import { isSignedBy } from "./examine.ts";
import { intermediatePlace, type PairPlace, rootPlace } from "./places.ts";

const generate = promisify(generateKeyPair);

const DAY_MS = 86_400_000;
const AUTHORITY_MS = 20 * 365 * DAY_MS;
/** The longest that browsers take. */
const SERVER_MS = 397 * DAY_MS;
/** Clients whose clocks are slow. */
const BACKDATED_MS = 3_600_000;
const ORGANIZATION = "OpenStack";

/** Who signs, with the key to do it. */
interface Signer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

export interface Authorities {
  readonly root: X509Certificate;
  readonly intermediate: Signer;
}

/**
 * The cloud's two authorities, from their files, or made: a root, which people tell their browsers to trust, and an intermediate
 * that signs. The root is only made anew when there is no other way.
 */
export async function authorities(dataDir: string, now: number): Promise<Authorities> {
  const root = readAuthority(rootPlace(dataDir), null, now);
  const intermediate = root === null ? null : readAuthority(intermediatePlace(dataDir), root.certificate, now);
  if (root !== null && intermediate !== null && intermediate.key !== null)
    return { root: root.certificate, intermediate: { certificate: intermediate.certificate, key: intermediate.key } };
  const signer =
    root !== null && root.key !== null
      ? { certificate: root.certificate, key: root.key }
      : await makeAuthority(rootPlace(dataDir), null, now);
  return { root: signer.certificate, intermediate: await makeAuthority(intermediatePlace(dataDir), signer, now) };
}

/** Key, certificate and intermediate authority as one PEM text. */
export async function serverPem({ intermediate }: Authorities, names: readonly string[], now: number): Promise<string> {
  const commonName = names.find((name) => name.length <= 64) ?? "localhost";
  const made = await make({
    commonName,
    issuer: intermediate,
    validTo: Math.min(now + SERVER_MS, intermediate.certificate.validToDate.getTime()),
    now,
    use: { kind: "server", names },
  });
  return pem(made.key) + made.certificate.toString() + intermediate.certificate.toString();
}

/** Null for none, one of another authority, or one that could not sign for a whole server certificate's time any more. */
function readAuthority(
  place: PairPlace,
  issuer: X509Certificate | null,
  now: number,
): { certificate: X509Certificate; key: KeyObject | null } | null {
  try {
    const certificate = new X509Certificate(readFileSync(place.certificate));
    const fits = certificate.ca && isSignedBy(certificate, issuer ?? certificate);
    if (!fits || certificate.validToDate.getTime() < now + SERVER_MS) return null;
    return { certificate, key: readKey(place.key, certificate) };
  } catch {
    return null;
  }
}

function readKey(path: string, certificate: X509Certificate): KeyObject | null {
  try {
    const key = createPrivateKey(readFileSync(path));
    return certificate.checkPrivateKey(key) ? key : null;
  } catch {
    return null;
  }
}

async function makeAuthority(place: PairPlace, issuer: Signer | null, now: number): Promise<Signer> {
  const made = await make({
    // With a part of its own: a browser may know the authorities of several clouds.
    commonName: (id) => `tenrec ${issuer === null ? "root" : "intermediate"} CA ${id}`,
    issuer,
    validTo: issuer === null ? now + AUTHORITY_MS : issuer.certificate.validToDate.getTime(),
    now,
    use: { kind: "authority", pathLength: issuer === null ? 1 : 0 },
  });
  mkdirSync(dirname(place.certificate), { recursive: true });
  mkdirSync(dirname(place.key), { recursive: true, mode: 0o700 });
  replaceFile(place.key, pem(made.key));
  replaceFile(place.certificate, made.certificate.toString(), 0o644);
  return made;
}

async function make(wish: {
  commonName: string | ((id: string) => string);
  issuer: Signer | null;
  validTo: number;
  now: number;
  use: CertificateUse;
}): Promise<Signer> {
  const { makeCertificate } = await import("../../kernel/x509/certificate.ts");
  const { publicKey, privateKey } = await generate("ec", { namedCurve: "P-256" });
  const { commonName, issuer, validTo, now, use } = wish;
  const id = publicKey.export({ type: "spki", format: "der" }).toString("hex").slice(-8);
  const certificate = makeCertificate({
    subject: { organization: ORGANIZATION, commonName: typeof commonName === "string" ? commonName : commonName(id) },
    publicKey,
    issuer: issuer?.certificate ?? null,
    signingKey: issuer?.key ?? privateKey,
    validFrom: now - BACKDATED_MS,
    validTo,
    use,
  });
  return { certificate: new X509Certificate(certificate), key: privateKey };
}

const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
