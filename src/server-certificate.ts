import { hostname } from "node:os";
import { ensureCertificate } from "./bootstrap/tls/certificate.ts";
import { CERTIFICATE_WARNING, readServed } from "./bootstrap/tls/examine.ts";
import type { Settings } from "./kernel/config/settings.ts";
import { messageOf } from "./kernel/errors.ts";
import type { Logger } from "./kernel/log/logger.ts";
import type { Warnings } from "./kernel/warnings/warnings.ts";
import type { Listener } from "./listen.ts";
import type { TlsFiles } from "./listen-tls.ts";

const LOOK_EVERY_MS = 3_600_000;

interface Parts {
  readonly settings: Settings;
  readonly warnings: Warnings;
  readonly log: Logger;
}

/** The certificate that the open ports show: made where it is missing, looked at every hour, and changed in all ports at once. */
export class ServerCertificate {
  readonly #parts: Parts;
  readonly #listeners: Listener[] = [];
  readonly #timer: NodeJS.Timeout;
  #files: TlsFiles;

  private constructor(parts: Parts, files: TlsFiles) {
    this.#parts = parts;
    this.#files = files;
    this.#timer = setInterval(() => {
      this.renew().catch((error: unknown) => {
        parts.warnings.raise(CERTIFICATE_WARNING, messageOf(error), "the ports go on with the certificate they have");
      });
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Errors: a certificate of the user's own that cannot be used. */
  static async open(parts: Parts): Promise<ServerCertificate> {
    return new ServerCertificate(parts, await current(parts));
  }

  /** What ports open with. */
  get files(): TlsFiles {
    return this.#files;
  }

  /** These get the next one, too. */
  keep(listeners: readonly Listener[]): void {
    this.#listeners.push(...listeners);
  }

  /** Looks at it now. */
  async renew(): Promise<void> {
    const files = await current(this.#parts);
    if (files.cert === this.#files.cert && files.key === this.#files.key) return;
    this.#files = files;
    for (const listener of this.#listeners) listener.setTls?.(files);
    this.#parts.log.info("the ports show another certificate from now on");
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function current({ settings, warnings, log }: Parts): Promise<TlsFiles> {
  const { renewed, problems } = await ensureCertificate(settings, hostname(), Date.now());
  if (renewed !== null) log.info(`made a certificate: ${renewed}`);
  const words = problems.map(({ words }) => words).join("; ");
  if (words === "") warnings.resolve(CERTIFICATE_WARNING);
  else
    warnings.raise(
      CERTIFICATE_WARNING,
      words,
      "clients may refuse to connect; KEYSTONE_SSL_CERT names the certificate",
    );
  const { certificate, key } = readServed(settings);
  return { cert: certificate, key };
}
