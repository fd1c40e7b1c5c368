import type { Call, Service } from "../../api/call.ts";
import type { Project } from "../../api/identity.ts";
import { useAnswer } from "../../api/resource.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { Busy } from "../../parts/busy.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Card } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { text } from "./text.ts";

interface Use {
  readonly limit: number;
  readonly in_use?: number;
  readonly used?: number;
}
type QuotaSet = Readonly<Record<string, Use | string | undefined>>;

/** What is shown of each service: its name there, and as an option of `openstack quota set`. */
const SHOWN = [
  { service: "compute", names: ["instances", "cores", "ram"] },
  { service: "block-storage", names: ["volumes", "gigabytes", "snapshots"] },
  { service: "network", names: ["network", "router", "floatingip"] },
] as const;
const OPTIONS: Readonly<Record<string, string>> = {
  network: "--networks",
  router: "--routers",
  floatingip: "--floating-ips",
};

const detailCall = (service: Service, id: string): Call =>
  service === "compute"
    ? { service, path: `/v2.1/os-quota-sets/${id}/detail` }
    : service === "network"
      ? { service, path: `/v2.0/quotas/${id}/details` }
      : { service, path: `/v3/{project}/os-quota-sets/${id}`, query: { usage: "True" } };

function setCall(service: Service, id: string, limits: Readonly<Record<string, number>>): Call {
  if (service === "network") return { service, method: "PUT", path: `/v2.0/quotas/${id}`, body: { quota: limits } };
  const path = service === "compute" ? `/v2.1/os-quota-sets/${id}` : `/v3/{project}/os-quota-sets/${id}`;
  return { service, method: "PUT", path, body: { quota_set: limits } };
}

const isUse = (value: Use | string | undefined): value is Use => typeof value === "object";

/** How much a project may use of each service, and uses. */
export function Quotas({ project }: { project: Project }) {
  const t = useText(text);
  const { services } = useSession();
  const answers = {
    compute: useAnswer<{ quota_set: QuotaSet }>(
      "compute.usage",
      detailCall("compute", project.id),
      services.has("compute"),
    ),
    "block-storage": useAnswer<{ quota_set: QuotaSet }>(
      "block-storage.usage",
      detailCall("block-storage", project.id),
      services.has("block-storage"),
    ),
    network: useAnswer<{ quota: QuotaSet }>(
      "network.usage",
      detailCall("network", project.id),
      services.has("network"),
    ),
  };
  const sets: Record<string, QuotaSet | undefined> = {
    compute: answers.compute.data?.quota_set,
    "block-storage": answers["block-storage"].data?.quota_set,
    network: answers.network.data?.quota,
  };
  const there = SHOWN.filter(({ service }) => services.has(service));
  const failed = Object.values(answers).find(({ error }) => error !== null);
  const known = there.every(({ service }) => sets[service] !== undefined);
  const limitOf = (service: string, name: string): number => {
    const use = sets[service]?.[name];
    return isUse(use) ? use.limit : -1;
  };
  const action: Action<null> = {
    id: "quota",
    label: t("quota.set"),
    question: () => t("quota.hint"),
    fields: () =>
      there.flatMap(({ names }) =>
        names.map((name) => ({
          kind: "number" as const,
          name,
          label: t(name),
          min: -1,
          required: true,
          check: (value: unknown) => (Number.isInteger(Number(value)) ? null : t("quota.whole")),
        })),
      ),
    initial: () =>
      Object.fromEntries(there.flatMap(({ service, names }) => names.map((name) => [name, limitOf(service, name)]))),
    operation(_none, values) {
      // What nobody changed stays a default that later defaults change.
      const changed = there.map(({ service, names }) => ({
        service,
        limits: Object.fromEntries(
          names
            .filter((name) => Number(values[name]) !== limitOf(service, name))
            .map((name) => [name, Number(values[name])]),
        ),
      }));
      const options = changed.flatMap(({ limits }) =>
        Object.entries(limits).flatMap(([name, limit]) => [OPTIONS[name] ?? `--${name}`, String(limit)]),
      );
      return {
        command: [["openstack", "quota", "set", ...options, project.id]],
        calls: changed
          .filter(({ limits }) => Object.keys(limits).length > 0)
          .map(({ service, limits }) => setCall(service, project.id, limits)),
      };
    },
    done: t("quota.done").replace("{name}", project.name),
    kinds: ["compute.usage", "block-storage.usage", "network.usage"],
  };
  return (
    <Card title={t("quota")} aside={known ? <ActionButton action={action} primary={false} /> : null}>
      {failed !== undefined ? (
        <Problem error={failed.error} retry={() => void failed.refetch()} />
      ) : !known ? (
        <Busy what={t("quota")} />
      ) : (
        <div className="cards">
          {there.map(({ service, names }) => (
            <div key={service} className="fields">
              {names.map((name) => {
                const use = sets[service]?.[name];
                return isUse(use) ? (
                  <Meter key={name} label={t(name)} used={use.in_use ?? use.used ?? 0} limit={use.limit} />
                ) : null;
              })}
            </div>
          ))}
        </div>
      )}
    </Card>
  );
}
