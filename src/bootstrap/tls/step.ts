import { hostname } from "node:os";
import { ControlClient, DaemonNotRunning } from "../../control/client.ts";
import type { Settings } from "../../kernel/config/settings.ts";
import type { StackContext } from "../stack.ts";
import type { Step } from "../steps.ts";
import { ensureCertificate } from "./certificate.ts";
import { bundleFile } from "./places.ts";

/** Nothing where the cloud speaks plain HTTP. */
export function certificateSteps({ settings, outcome }: StackContext): Step[] {
  if (settings.api.protocol !== "https") return [];
  return [
    {
      name: "Prepare TLS",
      plan: `see to a certificate for ${settings.serviceHost} and this host's other names, and write ${bundleFile(settings.dataDir)}`,
      async run() {
        const { renewed, problems } = await putCertificateRight(settings);
        for (const { words } of problems) outcome.notes.push(`${words}. It is KEYSTONE_SSL_CERT of local.conf.`);
        return renewed === null ? undefined : `a new certificate: ${renewed}`;
      },
    },
  ];
}

/** Makes the files right, and the open ports show them. */
export async function putCertificateRight(settings: Settings): ReturnType<typeof ensureCertificate> {
  const ensured = await ensureCertificate(settings, hostname(), Date.now());
  try {
    await new ControlClient(settings.dataDir).renewCertificate();
  } catch (error) {
    // One that starts later finds them.
    if (!(error instanceof DaemonNotRunning)) throw error;
  }
  return ensured;
}
