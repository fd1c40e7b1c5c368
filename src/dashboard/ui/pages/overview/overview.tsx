import { useMemo } from "react";
import { useAnswer } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { Busy } from "../../parts/busy.tsx";
import { Link } from "../../parts/link.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Card, PageHead } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { text } from "./text.ts";

type Absolute = Readonly<Record<string, number>>;
type NetworkQuota = Readonly<Record<string, { readonly used: number; readonly limit: number }>>;

/** How much of the project's quotas is used, and by what. */
export default function Overview() {
  const t = useText(text);
  const { services, project } = useSession();
  return (
    <>
      <PageHead title={t("title")} subtitle={project?.name}>
        {services.has("compute") && (
          <Link to={href("/instances/new")} className="button primary">
            {t("start.launch")}
          </Link>
        )}
      </PageHead>
      <div className="stack">
        <div className="cards">
          {services.has("compute") && <Compute />}
          {services.has("block-storage") && <Storage />}
          {services.has("network") && <NetworkUse />}
        </div>
        {services.has("compute") && <Usage />}
      </div>
    </>
  );
}

function Compute() {
  const t = useText(text);
  const { data, error, refetch } = useAnswer<{ limits: { absolute: Absolute } }>("compute.usage", {
    service: "compute",
    path: "/v2.1/limits",
  });
  const of = data?.limits.absolute;
  return (
    <Card title={t("compute")}>
      <Quotas
        what={t("compute")}
        error={error}
        retry={() => void refetch()}
        meters={
          of && [
            [t("instances"), of.totalInstancesUsed, of.maxTotalInstances],
            [t("vcpus"), of.totalCoresUsed, of.maxTotalCores],
            [t("memory"), gib(of.totalRAMUsed), gib(of.maxTotalRAMSize), "GiB"],
            [t("groups"), of.totalServerGroupsUsed, of.maxServerGroups],
          ]
        }
      />
    </Card>
  );
}

const gib = (mib: number | undefined): number =>
  mib === undefined || mib < 0 ? -1 : Math.round((mib / 1024) * 10) / 10;

function Storage() {
  const t = useText(text);
  const { data, error, refetch } = useAnswer<{ limits: { absolute: Absolute } }>("block-storage.usage", {
    service: "block-storage",
    path: "/v3/{project}/limits",
  });
  const of = data?.limits.absolute;
  return (
    <Card title={t("storage")}>
      <Quotas
        what={t("storage")}
        error={error}
        retry={() => void refetch()}
        meters={
          of && [
            [t("volumes"), of.totalVolumesUsed, of.maxTotalVolumes],
            [t("gigabytes"), of.totalGigabytesUsed, of.maxTotalVolumeGigabytes, "GiB"],
            [t("snapshots"), of.totalSnapshotsUsed, of.maxTotalSnapshots],
            [t("backups"), of.totalBackupsUsed, of.maxTotalBackups],
          ]
        }
      />
    </Card>
  );
}

const NETWORK = [
  ["networks", "network"],
  ["subnets", "subnet"],
  ["ports", "port"],
  ["routers", "router"],
  ["floatingips", "floatingip"],
  ["securitygroups", "security_group"],
  ["rules", "security_group_rule"],
] as const;

function NetworkUse() {
  const t = useText(text);
  const { data, error, refetch } = useAnswer<{ quota: NetworkQuota }>("network.usage", {
    service: "network",
    path: "/v2.0/quotas/{project}/details",
  });
  return (
    <Card title={t("network")}>
      <Quotas
        what={t("network")}
        error={error}
        retry={() => void refetch()}
        meters={
          data && NETWORK.map(([key, name]) => [t(key), data.quota[name]?.used, data.quota[name]?.limit] as const)
        }
      />
    </Card>
  );
}

type MeterOf = readonly [label: string, used: number | undefined, limit: number | undefined, unit?: string];

function Quotas({
  what,
  error,
  retry,
  meters,
}: {
  what: string;
  error: Error | null;
  retry(): void;
  meters: readonly MeterOf[] | undefined;
}) {
  if (meters !== undefined)
    return (
      <div className="fields">
        {meters.map(([label, used, limit, unit]) =>
          used === undefined || limit === undefined ? null : (
            <Meter key={label} label={label} used={used} limit={limit} {...(unit === undefined ? {} : { unit })} />
          ),
        )}
      </div>
    );
  return error === null ? <Busy what={what} /> : <Problem error={error} retry={retry} />;
}

interface TenantUsage {
  readonly total_vcpus_usage?: number;
  readonly total_memory_mb_usage?: number;
  readonly total_local_gb_usage?: number;
  readonly server_usages?: readonly {
    readonly instance_id: string;
    readonly name: string;
    readonly hours: number;
    readonly flavor: string;
    readonly vcpus: number;
    readonly memory_mb: number;
    readonly state: string;
    readonly ended_at: string | null;
  }[];
}

const DAYS = 30;

function Usage() {
  const t = useText(text);
  // One answer for as long as the page is open, but for what events tell.
  const period = useMemo(() => {
    const end = new Date(Date.now() + 86_400_000);
    const day = (date: Date) => `${date.toISOString().slice(0, 10)}T00:00:00`;
    return { start: day(new Date(end.getTime() - (DAYS + 1) * 86_400_000)), end: day(end) };
  }, []);
  const { data, error, refetch } = useAnswer<{ tenant_usage: TenantUsage }>("compute.usage", {
    service: "compute",
    path: "/v2.1/os-simple-tenant-usage/{project}",
    query: period,
  });
  const usage = data?.tenant_usage;
  const servers = usage?.server_usages ?? [];
  const number = (value = 0) => value.toLocaleString(undefined, { maximumFractionDigits: 1 });
  return (
    <Card title={t("usage")}>
      <p className="dim usage-hint">{t("usage.hint")}</p>
      {usage === undefined ? (
        error === null ? (
          <Busy what={t("usage")} />
        ) : (
          <Problem error={error} retry={() => void refetch()} />
        )
      ) : servers.length === 0 ? (
        <p>{t("usage.none")}</p>
      ) : (
        <>
          <div className="figures">
            <Figure label={t("usage.servers")} value={number(servers.length)} />
            <Figure label={t("usage.vcpu")} value={number(usage.total_vcpus_usage)} />
            <Figure label={t("usage.ram")} value={number((usage.total_memory_mb_usage ?? 0) / 1024)} />
            <Figure label={t("usage.disk")} value={number(usage.total_local_gb_usage)} />
          </div>
          <div className="scrolls">
            <table className="plain-table">
              <thead>
                <tr>
                  <th scope="col">{t("instances")}</th>
                  <th scope="col">{t("flavor")}</th>
                  <th scope="col">{t("hours")}</th>
                </tr>
              </thead>
              <tbody>
                {servers.slice(0, 12).map((server) => (
                  <tr key={server.instance_id}>
                    <td>
                      {server.ended_at === null ? (
                        <Link to={href("/instances/:id", { id: server.instance_id })}>{server.name}</Link>
                      ) : (
                        <span className="dim">{server.name}</span>
                      )}
                    </td>
                    <td>{server.flavor}</td>
                    <td>{number(server.hours)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Card>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div className="figure">
      <strong>{value}</strong>
      <span className="dim">{label}</span>
    </div>
  );
}
