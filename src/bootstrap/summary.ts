import type { DaemonStatus } from "../control/protocol.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { groupedWarnings } from "./grouped-warnings.ts";
import { commandsWithoutGuests, type Found, nextCommands } from "./next-commands.ts";
import { bundleFile } from "./tls/places.ts";

/** The end of stack.sh as DevStack's users know it, and commands that work when they are pasted. */
export function stackSummary(
  settings: Settings,
  status: DaemonStatus,
  options: { seconds: number; openrc: string; notes: readonly string[]; found: Found },
): string {
  const fake = settings.virtDriver === "fake";
  const guests = settings.services.includes("compute");
  const next = guests ? nextCommands(options.found, fake) : commandsWithoutGuests(settings.services);
  const lines = [
    `This is your host IP address: ${settings.hostIp}`,
    ...(settings.enabledServices.includes("horizon")
      ? [`The dashboard is now available at ${settings.api.baseUrl}/dashboard`]
      : []),
    `Keystone is serving at ${settings.identity.authUrl}/`,
    "The default users are: admin and demo",
    `The password: ${settings.passwords.admin}`,
    ...(settings.api.protocol === "https"
      ? [`Clients trust this CA (OS_CACERT): ${bundleFile(settings.dataDir)}`]
      : []),
    ...(fake && guests ? ["VIRT_DRIVER=fake: the API is whole, but no guest really runs."] : []),
    "",
    `stack completed in ${options.seconds.toFixed(1)} seconds.`,
    "",
    "Next, as demo:",
    "",
    `  source ${options.openrc}`,
    ...next.map((command) => `  ${command}`),
  ];
  for (const note of options.notes) lines.push("", `Note: ${note}`);
  for (const { message, hint } of groupedWarnings(status.warnings)) lines.push("", `Warning: ${message}`, `  ${hint}`);
  return `${lines.join("\n")}\n`;
}
