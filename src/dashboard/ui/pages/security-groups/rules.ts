import { type Operation, operation } from "../../api/call.ts";
import { network, type SecurityGroup, type SecurityGroupRule } from "../../api/network.ts";
import type { Translate } from "../../app/text.ts";
import { type Field, given, text as textOf, type Values } from "../../parts/form.tsx";
import type { text } from "./text.ts";

type T = Translate<keyof (typeof text)["en"] & string>;

/** What people mean by a rule → what neutron calls it. */
const KNOWN: Readonly<Record<string, { readonly protocol: string; readonly port?: number }>> = {
  ssh: { protocol: "tcp", port: 22 },
  http: { protocol: "tcp", port: 80 },
  https: { protocol: "tcp", port: 443 },
  rdp: { protocol: "tcp", port: 3389 },
  ping: { protocol: "icmp" },
};

const WHAT = ["ssh", "http", "https", "ping", "rdp", "tcp", "udp", "any"] as const;

export function portsOf(words: string): readonly [number, number] | null {
  const [, first, last = first] = /^\s*(\d{1,5})\s*(?:[-:]\s*(\d{1,5}))?\s*$/.exec(words) ?? [];
  const [from, to] = [Number(first), Number(last)];
  return from >= 1 && to <= 65_535 && from <= to ? [from, to] : null;
}

export function ruleFields(t: T, groups: readonly SecurityGroup[]): Field[] {
  return [
    {
      kind: "select",
      name: "what",
      label: t("what"),
      required: true,
      options: WHAT.map((id) => ({ id, label: t(`what.${id}`) })),
    },
    {
      kind: "text",
      name: "ports",
      label: t("ports"),
      hint: t("ports.hint"),
      required: true,
      visible: ({ what }) => what === "tcp" || what === "udp",
      check: (value) => (portsOf(String(value)) === null ? t("ports.wrong") : null),
    },
    {
      kind: "select",
      name: "direction",
      label: t("direction"),
      required: true,
      options: [
        { id: "ingress", label: t("rules.in") },
        { id: "egress", label: t("rules.out") },
      ],
    },
    { kind: "text", name: "from", label: t("from"), hint: t("from.hint"), mono: true },
    { kind: "select", name: "group", label: t("group"), options: groups.map(({ id, name }) => ({ id, label: name })) },
  ];
}

export function ruleOperation(groupId: string, values: Values): Operation {
  const what = textOf(values, "what");
  const known = KNOWN[what];
  const range = known?.port !== undefined ? ([known.port, known.port] as const) : portsOf(textOf(values, "ports"));
  const protocol = known?.protocol ?? (what === "any" ? undefined : what);
  const [remote, group] = [textOf(values, "group"), textOf(values, "from").trim()];
  const direction = textOf(values, "direction") || "ingress";
  const version = group.includes(":") ? "IPv6" : "IPv4";
  const hasPorts = range !== null && protocol !== undefined && protocol !== "icmp";
  const rule = given({
    security_group_id: groupId,
    direction,
    ethertype: version,
    protocol: protocol === "icmp" && version === "IPv6" ? "ipv6-icmp" : protocol,
    port_range_min: hasPorts ? range[0] : undefined,
    port_range_max: hasPorts ? range[1] : undefined,
    remote_group_id: remote,
    remote_ip_prefix: remote === "" ? group : undefined,
  });
  return operation(
    [
      "openstack",
      "security",
      "group",
      "rule",
      "create",
      `--${direction}`,
      "--ethertype",
      version,
      ...(protocol === undefined ? [] : ["--protocol", protocol]),
      ...(hasPorts ? ["--dst-port", range[0] === range[1] ? String(range[0]) : `${range[0]}:${range[1]}`] : []),
      ...(remote === "" ? (group === "" ? [] : ["--remote-ip", group]) : ["--remote-group", remote]),
      groupId,
    ],
    network("POST", "/security-group-rules", { security_group_rule: rule }),
  );
}

/** A rule in a sentence: "TCP port 22 from anywhere (IPv4)". */
export function ruleText(t: T, rule: SecurityGroupRule, groups: readonly SecurityGroup[]): string {
  const { protocol, port_range_min: from, port_range_max: to, ethertype: version } = rule;
  const shown = protocol?.toUpperCase() ?? "";
  const what =
    protocol === null
      ? t("what.all", { version })
      : from === null
        ? t("what.protocol", { protocol: shown })
        : t("what.port", { protocol: shown, ports: from === to || to === null ? String(from) : `${from}–${to}` });
  const group = rule.remote_group_id;
  const who =
    group !== null
      ? t("who.group", { name: groups.find(({ id }) => id === group)?.name ?? group })
      : (rule.remote_ip_prefix ?? t("who.any", { version }));
  return t("said", { what, way: t(rule.direction === "ingress" ? "way.in" : "way.out"), who });
}
