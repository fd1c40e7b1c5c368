import { existsSync, readFileSync } from "node:fs";
import type { Settings } from "../../kernel/config/settings.ts";
import { messageOf } from "../../kernel/errors.ts";
import { replaceFile } from "../files.ts";
import { authorities, serverPem } from "./authority.ts";
import { type CertificateProblem, examineCertificate } from "./examine.ts";
import { certificateNames } from "./names.ts";
import { bundleFile, chainFile, serverFile } from "./places.ts";

export interface Ensured {
  /** Why the certificate was made anew; null when it is the one that was there. */
  readonly renewed: string | null;
  /** What is the matter with a certificate of the user's own. */
  readonly problems: readonly CertificateProblem[];
}

/**
 * Sees that there is a certificate for the cloud's names that clients trust, and makes what is missing, wrong, or near its end.
 * @throws where a certificate of the user's own cannot be used
 */
export async function ensureCertificate(settings: Settings, hostname: string, now: number): Promise<Ensured> {
  const { dataDir, api } = settings;
  const expected = { names: certificateNames(settings, hostname), now };
  if (api.ownCertificate !== null) {
    write(bundleFile(dataDir), readOwn(api.ownCertificate.authority), 0o644);
    const problems = examineCertificate(settings, expected);
    const fatal = problems.find(({ kind }) => kind === "unusable");
    if (fatal !== undefined)
      throw new Error(
        `KEYSTONE_SSL_CERT: ${fatal.words}; look at KEYSTONE_SSL_CERT and KEYSTONE_SSL_KEY in local.conf`,
      );
    return { renewed: null, problems };
  }
  const ours = await authorities(dataDir, now);
  const chain = ours.root.toString() + ours.intermediate.certificate.toString();
  write(chainFile(dataDir), chain, 0o644);
  write(bundleFile(dataDir), chain, 0o644);
  const isNew = !existsSync(serverFile(dataDir));
  const [problem] = examineCertificate(settings, expected);
  if (problem === undefined) return { renewed: null, problems: [] };
  replaceFile(serverFile(dataDir), await serverPem(ours, expected.names, now));
  return { renewed: isNew ? "there was none" : problem.words, problems: [] };
}

/** The authority file has to be there: clients are given its content. */
function readOwn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`KEYSTONE_SSL_CA: ${messageOf(error)}`, { cause: error });
  }
}

/** Only what is not there already. */
function write(path: string, text: string, mode: number): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  replaceFile(path, text, mode);
}
