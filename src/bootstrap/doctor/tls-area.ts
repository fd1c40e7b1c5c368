import { hostname } from "node:os";
import type { Settings } from "../../kernel/config/settings.ts";
import { type CertificateProblem, certificatesIn, examineCertificate, readServed } from "../tls/examine.ts";
import { certificateNames } from "../tls/names.ts";
import type { Examined, Finding } from "./finding.ts";

const WHY: Record<CertificateProblem["kind"], string> = {
  unusable: "the daemon cannot open its ports with it at its next start",
  expired: "clients refuse to connect",
  expiring: "from then on clients refuse to connect",
  untrusted: "clients that trust what OS_CACERT names refuse to connect",
  names: "clients that use these names refuse to connect",
};

/** The ports' certificate. A running daemon looks every hour by itself. */
export function examineTls(settings: Settings, now = Date.now()): Examined {
  const own = settings.api.ownCertificate !== null;
  const problems = examineCertificate(settings, { names: certificateNames(settings, hostname()), now });
  const findings = problems.map(
    ({ kind, words }): Finding => ({
      key: `certificate-${kind}`,
      severity: kind === "expiring" || (own && kind === "names") ? "warning" : "error",
      what: words,
      why: WHY[kind],
      todo: own
        ? "replace the files of KEYSTONE_SSL_CERT, _KEY and _CA"
        : "make a new certificate; the authority stays",
      repair: own ? null : "certificate",
    }),
  );
  return { name: "TLS", summary: findings.length > 0 ? "not in order" : summary(settings), findings };
}

function summary(settings: Settings): string {
  const [certificate] = certificatesIn(readServed(settings).certificate);
  return `a certificate until ${certificate?.validToDate.toISOString().slice(0, 10)}`;
}
