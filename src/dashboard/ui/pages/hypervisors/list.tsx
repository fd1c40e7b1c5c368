import { Server } from "lucide-react";
import { type Hypervisor, hypervisors } from "../../api/admin.ts";
import { useAnswer, useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Card, Facts, PageHead } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { text } from "./text.ts";

/** The hosts of instances, and how full they are. */
export default function Hypervisors() {
  const t = useText(text);
  const { data, error, refetch } = useList(hypervisors);
  return (
    <>
      <PageHead title={t("title")} />
      {data === undefined ? (
        error === null ? (
          <Busy what={t("title")} />
        ) : (
          <Problem error={error} retry={() => void refetch()} />
        )
      ) : data.length === 0 ? (
        <Empty title={t("empty.title")} hint={t("empty.hint")} icon={Server} />
      ) : (
        <div className="stack">
          {data.map((one) => (
            <One key={one.id} hypervisor={one} />
          ))}
        </div>
      )}
    </>
  );
}

function One({ hypervisor }: { hypervisor: Hypervisor }) {
  const t = useText(text);
  const w = useText(words);
  return (
    <Card
      title={hypervisor.hypervisor_hostname}
      aside={<StatusBadge status={hypervisor.status === "enabled" ? hypervisor.state : hypervisor.status} />}
    >
      <div className="cards">
        <Facts
          facts={[
            [t("type"), hypervisor.hypervisor_type],
            [t("address"), <code key="address">{hypervisor.host_ip}</code>],
            [t("host"), hypervisor.service.host],
            [w("status"), hypervisor.status],
          ]}
        />
        <Use hypervisor={hypervisor} />
      </div>
    </Card>
  );
}

interface Inventory {
  readonly total: number;
  readonly reserved: number;
  readonly allocation_ratio: number;
}

const CLASSES = ["VCPU", "MEMORY_MB", "DISK_GB"] as const;

/** A hypervisor is a resource provider by the same id. */
function Use({ hypervisor: { id } }: { hypervisor: Hypervisor }) {
  const t = useText(text);
  const path = `/resource_providers/${id}`;
  const inventory = useAnswer<{ inventories: Readonly<Record<string, Inventory>> }>("compute.usage", {
    service: "placement",
    path: `${path}/inventories`,
  });
  const use = useAnswer<{ usages: Readonly<Record<string, number>> }>("compute.usage", {
    service: "placement",
    path: `${path}/usages`,
  });
  const error = inventory.error ?? use.error;
  if (error !== null)
    return (
      <Problem
        error={error}
        retry={() => {
          void inventory.refetch();
          void use.refetch();
        }}
      />
    );
  if (inventory.data === undefined || use.data === undefined) return <Busy what={t("use")} />;
  const { inventories } = inventory.data;
  const { usages } = use.data;
  return (
    <div className="fields">
      <p className="dim">
        {t("use")}. {t("use.hint")}
      </p>
      {CLASSES.map((name) => {
        const of = inventories[name];
        if (of === undefined) return null;
        const limit = Math.floor((of.total - of.reserved) * of.allocation_ratio);
        return <Meter key={name} label={t(name)} used={usages[name] ?? 0} limit={limit} />;
      })}
    </div>
  );
}
