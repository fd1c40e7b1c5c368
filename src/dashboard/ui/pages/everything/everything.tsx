import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { PageHead, PageTabs } from "../../parts/page.tsx";
import { FloatingIps, Networks, Routers } from "./networks.tsx";
import { Images, Instances, Snapshots, Volumes } from "./servers.tsx";
import { text } from "./text.ts";

const TABS = [
  { id: "instances", service: "compute", Table: Instances },
  { id: "volumes", service: "block-storage", Table: Volumes },
  { id: "snapshots", service: "block-storage", Table: Snapshots },
  { id: "images", service: "image", Table: Images },
  { id: "networks", service: "network", Table: Networks },
  { id: "routers", service: "network", Table: Routers },
  { id: "floating-ips", service: "network", Table: FloatingIps },
] as const;

/** What all projects have, for who runs the cloud. */
export default function Everything() {
  const t = useText(text);
  const { services } = useSession();
  return (
    <>
      <PageHead title={t("title")} subtitle={<span className="dim">{t("hint")}</span>} />
      <PageTabs
        label={t("title")}
        tabs={TABS.filter(({ service }) => services.has(service)).map(({ id, Table }) => ({
          id,
          label: t(id),
          content: () => <Table />,
        }))}
      />
    </>
  );
}
