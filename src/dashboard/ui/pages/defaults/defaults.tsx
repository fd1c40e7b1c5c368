import { useMemo } from "react";
import { type Call, operation } from "../../api/call.ts";
import { useAnswer } from "../../api/resource.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, Facts, PageHead } from "../../parts/page.tsx";
import { text } from "./text.ts";

const COMPUTE = [
  "instances",
  "cores",
  "ram",
  "key_pairs",
  "server_groups",
  "server_group_members",
  "metadata_items",
] as const;
const STORAGE = ["volumes", "snapshots", "gigabytes", "per_volume_gigabytes", "backups"] as const;
const NETWORK = ["network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule"] as const;

type Limits = Readonly<Record<string, number | string>>;

/** What projects may use that nobody gave other quotas. */
export default function Defaults() {
  const t = useText(text);
  const { services } = useSession();
  return (
    <>
      <PageHead title={t("title")} subtitle={<span className="dim">{t("hint")}</span>} />
      <div className="cards">
        {services.has("compute") && (
          <Class service="compute" path="/v2.1/os-quota-class-sets/default" names={COMPUTE} />
        )}
        {services.has("block-storage") && (
          <Class service="block-storage" path="/v3/{project}/os-quota-class-sets/default" names={STORAGE} />
        )}
        {services.has("network") && <Network />}
      </div>
    </>
  );
}

interface ClassProps {
  service: "compute" | "block-storage";
  path: string;
  names: readonly (typeof COMPUTE | typeof STORAGE)[number][];
}

/** The class "default", which is where nova and cinder keep them. */
function Class({ service, path, names }: ClassProps) {
  const t = useText(text);
  const kind = `${service}.quota-class`;
  const query = useAnswer<{ quota_class_set: Limits }>(kind, { service, path });
  const known = query.data?.quota_class_set;
  const action = useMemo<Action<null>>(() => {
    const shown = names.filter((name) => known?.[name] !== undefined);
    return {
      id: "set",
      label: t("set"),
      fields: () =>
        shown.map((name) => ({
          kind: "number" as const,
          name,
          label: t(name),
          min: -1,
          required: true,
          check: (value: unknown) => (Number.isInteger(Number(value)) ? null : t("whole")),
        })),
      initial: () => Object.fromEntries(shown.map((name) => [name, Number(known?.[name])])),
      operation(_none, values) {
        const changed = Object.fromEntries(
          shown.filter((name) => Number(values[name]) !== known?.[name]).map((name) => [name, Number(values[name])]),
        );
        const call: Call = { service, method: "PUT", path, body: { quota_class_set: changed } };
        const options = Object.entries(changed).flatMap(([name, limit]) => [optionOf(name), String(limit)]);
        const command = ["openstack", "quota", "set", "--class", ...options, "default"];
        return Object.keys(changed).length === 0 ? { command: [command], calls: [] } : operation(command, call);
      },
      done: t("done"),
      kinds: [kind, "compute.usage", "block-storage.usage"],
    };
  }, [t, service, path, names, kind, known]);
  return (
    <Card title={t(service)} aside={<ActionButton action={action} primary={false} />}>
      <Loaded query={query} what={t(service)}>
        {({ quota_class_set: limits }) => (
          <Facts
            facts={names.map((name) => (limits[name] === undefined ? null : [t(name), shownLimit(limits[name])]))}
          />
        )}
      </Loaded>
    </Card>
  );
}

function Network() {
  const t = useText(text);
  const query = useAnswer<{ quota: Limits }>("network.quota", {
    service: "network",
    path: "/v2.0/quotas/{project}/default",
  });
  return (
    <Card title={t("network")}>
      <Loaded query={query} what={t("network")}>
        {({ quota }) => (
          <>
            <Facts
              facts={NETWORK.map((name) =>
                quota[name] === undefined ? null : [t(`net.${name}`), shownLimit(quota[name])],
              )}
            />
            <p className="dim">{t("network.hint")}</p>
          </>
        )}
      </Loaded>
    </Card>
  );
}

const optionOf = (name: string): string =>
  name === "metadata_items" ? "--properties" : `--${name.replaceAll("_", "-")}`;

const shownLimit = (limit: number | string): string => (Number(limit) < 0 ? "∞" : Number(limit).toLocaleString());
