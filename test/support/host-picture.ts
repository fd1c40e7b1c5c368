import { type Lab, processesOf } from "./lab.ts";

/** Everything of the box that a stack could leave behind, as text lines by topic. */
export type HostPicture = Record<string, string[]>;

const COMMANDS: Record<string, [string, string[]]> = {
  links: ["ip", ["-o", "link"]],
  addresses: ["ip", ["-o", "address"]],
  "routes IPv4": ["ip", ["-4", "route", "show", "table", "all"]],
  "routes IPv6": ["ip", ["-6", "route", "show", "table", "all"]],
  "routing rules": ["ip", ["rule"]],
  neighbours: ["ip", ["neighbour", "show", "proxy"]],
  "iptables-nft": ["iptables-nft-save", []],
  "ip6tables-nft": ["ip6tables-nft-save", []],
  "iptables-legacy": ["iptables-legacy-save", []],
  "ip6tables-legacy": ["ip6tables-legacy-save", []],
  nft: ["nft", ["list", "ruleset"]],
  namespaces: ["ip", ["netns", "list"]],
  "loop devices": ["losetup", ["-a"]],
  "volume groups": ["vgs", ["--noheadings"]],
  mounts: ["cat", ["/proc/self/mounts"]],
  cgroups: ["find", ["/sys/fs/cgroup", "-maxdepth", "3", "-type", "d"]],
  files: [
    "find",
    [
      "/etc",
      "/run",
      "/var/lib",
      "/usr/local",
      "/root",
      "-xdev",
      "-not",
      "-path",
      "/var/lib/apt/*",
      "-not",
      "-path",
      "/run/netns*",
      "-not",
      "-type",
      "s",
    ],
  ],
  sysctls: ["sysctl", ["-a"]],
};

/** Differs from moment to moment whoever runs. */
const VOLATILE =
  /(random\.(uuid|boot_id|entropy)|fs\.(dentry|inode|file-nr|quota)|nr_(dentry|inodes)|ns_last_pid|nf_conntrack_count|route\.gc_|tcp_fastopen_key|stable_secret|pty\.nr|aio-nr|sched_domain|numa|vm\.stat|epoll|netdev_rss_key|\/proc\/sys\/kernel\/random)/;

/** What other programs of a machine do meanwhile: packages, npm's and the clients' caches, emulated PCs, this sandbox's own control groups. */
const OTHERS =
  /^\/root\/\.(npm|cache|novaclient)(\/|$)|\/process_api\/|^\/run\/(systemd|virtiofsd)\/|^\/var\/(lib\/dpkg|cache\/man)\//;

/** Where each cloud has something of its own. */
const OTHER_CLOUDS = /\/run\/netns|\/tenrec-[^/]*\.partition/;

export async function hostPicture(lab: Lab): Promise<HostPicture> {
  const picture: HostPicture = {};
  const namespaces = [lab.name, ...lab.namespaces()];
  const isOwn = (line: string) => namespaces.some((name) => line.includes(name));
  for (const [topic, [command, args]] of Object.entries(COMMANDS)) {
    const { stdout } = await lab.try("host", command, args);
    picture[topic] = stdout
      .split("\n")
      // Counters and life times change by themselves; comments carry a time.
      .map((line) =>
        line
          .replace(/\[\d+:\d+\]/g, "")
          .replace(/(valid|preferred)_lft \S+/g, "")
          .replace(/packets \d+ bytes \d+/g, "")
          .trimEnd(),
      )
      .filter((line) => line !== "" && !line.startsWith("#") && !(topic === "sysctls" && VOLATILE.test(line)))
      .filter((line) => !OTHERS.test(line))
      // Other labs may come and go beside this one, with routers and DHCP servers that are called by their ids only.
      .filter((line) => isOwn(line) || !(topic === "namespaces" || OTHER_CLOUDS.test(line)))
      .sort();
  }
  picture.processes = processesOf(lab.directory)
    // The process id of the command that started the daemon is another one each time.
    .map(({ command }) => command.replace(/--spawned-by \d+/, "--spawned-by PID"))
    .sort();
  return picture;
}

/** What is in one picture and not in the other; empty when nothing differs. */
export function compare(before: HostPicture, after: HostPicture): string[] {
  return Object.keys(before).flatMap((topic) => {
    const old = new Set(before[topic]);
    const now = new Set(after[topic]);
    return [
      ...[...old].filter((line) => !now.has(line)).map((line) => `${topic}: gone: ${line}`),
      ...[...now].filter((line) => !old.has(line)).map((line) => `${topic}: left: ${line}`),
    ];
  });
}
