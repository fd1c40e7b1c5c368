import { generateKeyPair, X509Certificate } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);
const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** A certificate for WinRM as nova makes one: self-signed, valid for ten years, for `userId`@localhost. */
export async function generateX509KeyPair(
  userId: string,
  now: number,
): Promise<{ certificate: string; privateKey: string }> {
  const { makeCertificate } = await import("../../../kernel/x509/certificate.ts");
  const { publicKey, privateKey } = await generate("rsa", { modulusLength: 2048 });
  const certificate = makeCertificate({
    subject: { commonName: userId },
    publicKey,
    issuer: null,
    signingKey: privateKey,
    validFrom: now,
    validTo: now + TEN_YEARS_MS,
    use: { kind: "client", principal: `${userId}@localhost` },
  });
  return { certificate, privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

/** SHA-1 of the certificate as colon-separated pairs; null for what is no PEM certificate. */
export function x509Fingerprint(pem: string): string | null {
  try {
    return new X509Certificate(pem).fingerprint.toLowerCase();
  } catch {
    return null;
  }
}
