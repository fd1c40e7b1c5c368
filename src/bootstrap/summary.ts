import type { DaemonStatus } from "../control/protocol.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { groupedWarnings } from "./grouped-warnings.ts";
import { bundleFile } from "./tls/places.ts";

/** The end of stack.sh as DevStack's users know it, and commands that work when they are pasted. */
export function stackSummary(
  settings: Settings,
  status: DaemonStatus,
  options: { seconds: number; openrc: string; notes: readonly string[] },
): string {
  const { network, image } = settings;
  const fake = settings.virtDriver === "fake";
  const lines = [
    `This is your host IP address: ${settings.hostIp}`,
    `Keystone is serving at ${settings.identity.authUrl}/`,
    "The default users are: admin and demo",
    `The password: ${settings.passwords.admin}`,
    ...(settings.api.protocol === "https"
      ? [`Clients trust this CA (OS_CACERT): ${bundleFile(settings.dataDir)}`]
      : []),
    ...(fake ? ["VIRT_DRIVER=fake: the API is whole, but no guest really runs."] : []),
    "",
    `stack completed in ${options.seconds.toFixed(1)} seconds.`,
    "",
    "Next, as demo:",
    "",
    `  source ${options.openrc}`,
    ...(settings.network.securityGroupOpen.length > 0
      ? []
      : [
          "  openstack security group rule create default --proto icmp",
          "  openstack security group rule create default --proto tcp --dst-port 22",
        ]),
    "  openstack keypair create mykey > mykey.pem && chmod 600 mykey.pem",
    `  openstack server create --image ${image.defaultName} --flavor m1.nano --network ${network.privateNetworkName} --key-name mykey --wait vm1`,
    `  ADDRESS=$(openstack floating ip create ${network.publicNetworkName} -f value -c floating_ip_address)`,
    "  openstack server add floating ip vm1 $ADDRESS",
    ...(fake ? [] : ["  ssh -i mykey.pem cirros@$ADDRESS"]),
  ];
  for (const note of options.notes) lines.push("", `Note: ${note}`);
  for (const { message, hint } of groupedWarnings(status.warnings)) lines.push("", `Warning: ${message}`, `  ${hint}`);
  return `${lines.join("\n")}\n`;
}
