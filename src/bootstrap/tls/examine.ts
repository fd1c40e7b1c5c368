import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { Settings } from "../../kernel/config/settings.ts";
import { messageOf } from "../../kernel/errors.ts";
import { bundleFile, serverFile } from "./places.ts";

/** A certificate is made anew this long before it ends, and one of the user's own is spoken of. */
export const RENEW_BEFORE_MS = 30 * 86_400_000;

/** The daemon's warning about a certificate of the user's own; doctor looks for itself. */
export const CERTIFICATE_WARNING = "certificate";

/** What an open port shows, and what clients trust; PEM. */
export interface Served {
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
}

export interface CertificateProblem {
  /** `unusable`: no port can open with it. `expiring` and `names`: clients are served, or some of them. */
  readonly kind: "unusable" | "expired" | "expiring" | "untrusted" | "names";
  readonly words: string;
}

/** Where the ports' certificate and key lie. */
export function servedFiles({ dataDir, api }: Settings): { certificate: string; key: string; authorities: string } {
  const server = serverFile(dataDir);
  const { certificate, key } = api.ownCertificate ?? { certificate: server, key: server };
  return { certificate, key, authorities: bundleFile(dataDir) };
}

/** @throws what the file system says */
export function readServed(settings: Settings): Served {
  const { certificate, key, authorities } = servedFiles(settings);
  const read = (path: string) => readFileSync(path, "utf8");
  return { certificate: read(certificate), key: read(key), authorities: read(authorities) };
}

/** Compares the certificate with what clients need. Changes nothing. */
export function examineCertificate(
  settings: Settings,
  expected: { names: readonly string[]; now: number },
): CertificateProblem[] {
  const { certificate: path } = servedFiles(settings);
  try {
    return problemsOf(readServed(settings), path, expected);
  } catch (error) {
    const { code, path: missing } = error as NodeJS.ErrnoException;
    return [{ kind: "unusable", words: code === "ENOENT" ? `${missing} is missing` : messageOf(error) }];
  }
}

function problemsOf(
  served: Served,
  path: string,
  { names, now }: { names: readonly string[]; now: number },
): CertificateProblem[] {
  const [certificate, ...between] = certificatesIn(served.certificate);
  if (certificate === undefined) return [{ kind: "unusable", words: `${path} holds no certificate` }];
  if (!certificate.checkPrivateKey(createPrivateKey(served.key)))
    return [{ kind: "unusable", words: `the private key does not belong to the certificate in ${path}` }];
  const problems: CertificateProblem[] = [];
  const left = certificate.validToDate.getTime() - now;
  if (left <= 0) problems.push({ kind: "expired", words: `${path} ended on ${day(certificate.validToDate)}` });
  else if (left < RENEW_BEFORE_MS)
    problems.push({ kind: "expiring", words: `${path} ends on ${day(certificate.validToDate)}` });
  if (certificate.validFromDate.getTime() > now)
    problems.push({ kind: "expired", words: `${path} begins only on ${day(certificate.validFromDate)}` });
  if (!leadsTo(certificate, between, certificatesIn(served.authorities), now))
    problems.push({ kind: "untrusted", words: `no authority that clients are told to trust has signed ${path}` });
  const missing = names.filter((name) => !isFor(certificate, name));
  if (missing.length > 0) problems.push({ kind: "names", words: `${path} is not for ${missing.join(", ")}` });
  return problems;
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

/** Every certificate of a PEM text, in its order. @throws for what says to be one and is none */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

export const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** Whether a chain of signatures leads to one of `authorities` that has signed itself, as clients ask for. */
function leadsTo(
  certificate: X509Certificate,
  between: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: number,
): boolean {
  let current = certificate;
  const seen = new Set<string>();
  while (!seen.has(current.fingerprint256)) {
    seen.add(current.fingerprint256);
    const issuer = [...authorities, ...between].find((one) => one.ca && isSignedBy(current, one));
    if (issuer === undefined || issuer.validToDate.getTime() <= now) return false;
    if (isSignedBy(issuer, issuer))
      return authorities.some(({ fingerprint256 }) => fingerprint256 === issuer.fingerprint256);
    current = issuer;
  }
  return false;
}

function isFor(certificate: X509Certificate, name: string): boolean {
  // Clients look at the alternative names only.
  return (
    (isIP(name) === 0 ? certificate.checkHost(name, { subject: "never" }) : certificate.checkIP(name)) !== undefined
  );
}
