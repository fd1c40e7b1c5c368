import type { HostPicture } from "../../support/host-picture.ts";
import type { Machine } from "./machine.ts";

const COMMANDS: Record<string, string> = {
  links: "ip -o link",
  addresses: "ip -o address",
  routes: "ip route show table all; ip -6 route show table all; ip rule",
  namespaces: "ip netns list",
  rules:
    "iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; ip6tables-legacy-save; nft list ruleset; ipset list -name",
  "loop devices": "losetup --list --noheadings --output NAME,BACK-FILE",
  volumes: "vgs --noheadings -o vg_name; lvs --noheadings -o vg_name,lv_name; dmsetup ls; ls /dev/mapper",
  mounts: "cat /proc/self/mounts",
  units: "systemctl list-unit-files --no-legend",
  cgroups: "find /sys/fs/cgroup -maxdepth 3 -type d -not -path '*/user.slice/*'",
  files:
    "find /etc /run /var/lib /usr/local /root -xdev -not -type s -not -path '/var/lib/systemd/*' -not -path '/run/systemd/*' -not -path '/run/udev/*'",
  sysctls:
    "sysctl -a 2>/dev/null | grep -E '^(net\\.(ipv[46]\\.(ip_forward|conf)|bridge)|vm\\.(swappiness|overcommit)|kernel\\.(keys|pid_max))'",
  processes: "ps -eo args= | grep -E 'tenrec|dnsmasq|qemu|/opt/stack' | grep -v grep",
};

const VOLATILE = new RegExp(
  [
    // What a login, the clock, a reboot and the kernel change by themselves.
    "stable_secret|session-\\d+\\.scope|user@0|user-0|/run/(user|utmp|log|credentials)|systemd-(timedated|hostnamed)|modprobe|kmod",
    "binfmt_misc",
    // The system's own libvirtd is started by its package and ends by itself.
    "libvirtd\\.(service|pid)|/run/libvirt/\\w+/driver\\.pid",
    // LVM's notes, and the daemon that it starts with the first thin pool or snapshot.
    "/etc/lvm/(archive|backup)|/run/lvm/|dm-event\\.service|dmeventd\\.pid",
    // Until the next boot: systemd keeps the empty slice of a unit that is gone; br_netfilter stays loaded, and does nothing.
    "system-tenrec\\.slice$|^net\\.bridge\\.\\S+ = 0$",
  ].join("|"),
);

/** Everything of the machine that a stack could leave behind, as text lines by topic. */
export async function machinePicture(machine: Machine): Promise<HostPicture> {
  const picture: HostPicture = {};
  const mark = "=== topic ";
  const script = Object.entries(COMMANDS).map(
    ([topic, command]) => `echo '${mark}${topic}'; { ${command}; } 2>/dev/null`,
  );
  let lines: string[] = [];
  for (const line of (await machine.run(script.join("\n"))).stdout.split("\n")) {
    if (line.startsWith(mark)) {
      lines = [];
      picture[line.slice(mark.length)] = lines;
      continue;
    }
    const text = line
      .replace(/\[\d+:\d+\]/g, "")
      .replace(/(valid|preferred)_lft \S+/g, "")
      .replace(/expires \d+sec/g, "")
      .replace(/packets \d+ bytes \d+/g, "")
      // A namespace that comes and goes leaves a higher number behind.
      .replace(/^\d+: /, "")
      .trimEnd();
    if (text !== "" && !text.startsWith("#") && !VOLATILE.test(text)) lines.push(text);
  }
  for (const topic of Object.keys(picture)) picture[topic]?.sort();
  return picture;
}
