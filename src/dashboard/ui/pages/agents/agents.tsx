import {
  type Agent,
  agents,
  type ComputeService,
  computeServices,
  type VolumeService,
  volumeServices,
} from "../../api/admin.ts";
import { useList } from "../../api/resource.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, PageHead } from "../../parts/page.tsx";
import { type PlainColumn, PlainTable } from "../../parts/plain-table.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { useAgentActions, useComputeServiceActions, useVolumeServiceActions } from "./actions.ts";
import { text } from "./text.ts";

/** What runs the cloud: each may be kept from taking anything new. */
export default function Agents() {
  const t = useText(text);
  const { services } = useSession();
  return (
    <>
      <PageHead title={t("title")} />
      <div className="stack">
        {services.has("compute") && <ComputeServices />}
        {services.has("block-storage") && <VolumeServices />}
        {services.has("network") && <NetworkAgents />}
      </div>
    </>
  );
}

function useServiceColumns(): readonly PlainColumn<ComputeService | VolumeService>[] {
  const t = useText(text);
  const w = useText(words);
  return [
    { header: t("binary"), cell: ({ binary }) => binary },
    { header: t("host"), cell: ({ host }) => host },
    { header: t("zone"), cell: ({ zone }) => zone },
    { header: w("status"), cell: ({ status }) => <StatusBadge status={status} /> },
    { header: t("state"), cell: ({ state }) => <StatusBadge status={state} /> },
    { header: t("reason"), cell: ({ disabled_reason }) => disabled_reason ?? "—" },
  ];
}

function ComputeServices() {
  const t = useText(text);
  const columns = useServiceColumns();
  const actions = useComputeServiceActions();
  return (
    <Card title={t("compute")}>
      <Loaded query={useList(computeServices)} what={t("compute")}>
        {(found) => (
          <PlainTable
            items={found}
            idOf={computeServices.idOf}
            nameOf={({ binary }) => binary}
            actions={actions}
            empty={t("none")}
            columns={columns}
          />
        )}
      </Loaded>
    </Card>
  );
}

function VolumeServices() {
  const t = useText(text);
  const columns = useServiceColumns();
  const actions = useVolumeServiceActions();
  return (
    <Card title={t("storage")}>
      <Loaded query={useList(volumeServices)} what={t("storage")}>
        {(found) => (
          <PlainTable
            items={found}
            idOf={volumeServices.idOf}
            nameOf={({ binary }) => binary}
            actions={actions}
            empty={t("none")}
            columns={columns}
          />
        )}
      </Loaded>
    </Card>
  );
}

function NetworkAgents() {
  const t = useText(text);
  const w = useText(words);
  const actions = useAgentActions();
  const columns: PlainColumn<Agent>[] = [
    { header: t("kind"), cell: ({ agent_type }) => agent_type },
    { header: t("binary"), cell: ({ binary }) => binary },
    { header: t("host"), cell: ({ host }) => host },
    { header: w("status"), cell: ({ admin_state_up: up }) => <StatusBadge status={up ? "enabled" : "disabled"} /> },
    { header: t("state"), cell: ({ alive }) => <StatusBadge status={alive ? "up" : "down"} /> },
  ];
  return (
    <Card title={t("network")}>
      <Loaded query={useList(agents)} what={t("network")}>
        {(found) => (
          <PlainTable
            items={found}
            idOf={agents.idOf}
            nameOf={({ agent_type }) => agent_type}
            actions={actions}
            empty={t("none")}
            columns={columns}
          />
        )}
      </Loaded>
    </Card>
  );
}
