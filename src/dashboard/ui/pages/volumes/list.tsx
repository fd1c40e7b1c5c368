import { HardDrive } from "lucide-react";
import { useMemo } from "react";
import { servers } from "../../api/compute.ts";
import { useList } from "../../api/resource.ts";
import { type Snapshot, snapshots, type Volume, volumes } from "../../api/storage.ts";
import { href } from "../../app/panel.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { createdColumn, idColumn, statusColumn } from "../../parts/columns.tsx";
import { Link } from "../../parts/link.tsx";
import { ListTable } from "../../parts/list-page.tsx";
import { PageHead, PageTabs } from "../../parts/page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useCreateVolume, useSnapshotActions, useVolumeActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: { name: string | null; id: string }): string => name || id;
const idOf = ({ id }: { id: string }): string => id;

/** Volumes and their snapshots. */
export default function Volumes() {
  const t = useText(text);
  const create = useCreateVolume();
  return (
    <>
      <PageHead title={t("title")}>
        <ActionButton action={create} />
      </PageHead>
      <PageTabs
        label={t("title")}
        tabs={[
          { id: "volumes", label: t("tab.volumes"), content: () => <VolumeTable /> },
          { id: "snapshots", label: t("tab.snapshots"), content: () => <SnapshotTable /> },
        ]}
      />
    </>
  );
}

function VolumeTable() {
  const t = useText(text);
  const w = useText(words);
  const { services } = useSession();
  const list = useList(volumes);
  const { data: known } = useList(servers, {}, services.has("compute"));
  const actions = useVolumeActions();
  const create = useCreateVolume();
  const serverNames = useMemo(() => new Map((known ?? []).map(({ id, name }) => [id, name])), [known]);
  const columns = useMemo<Column<Volume>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2 },
      statusColumn(w),
      {
        id: "size",
        header: t("size"),
        value: ({ size }) => size,
        cell: ({ size }) => w("unit.gib", { count: size }),
        numeric: true,
        grow: 0.8,
        priority: 1,
      },
      { id: "type", header: t("type"), value: ({ volume_type }) => volume_type, priority: 2 },
      {
        id: "attached",
        header: t("attached"),
        value: ({ attachments }) => attachments.map((one) => serverNames.get(one.server_id) ?? one.server_id).join(" "),
        cell: ({ attachments }) =>
          attachments.length === 0 ? (
            <span className="dim">—</span>
          ) : (
            attachments.map((one) => (
              <span key={one.attachment_id}>
                <Link to={href("/instances/:id", { id: one.server_id })}>
                  {serverNames.get(one.server_id) ?? one.server_id}
                </Link>{" "}
                <code className="dim">{one.device}</code>
              </span>
            ))
          ),
        grow: 1.8,
        priority: 1,
      },
      {
        id: "bootable",
        header: t("bootable"),
        value: ({ bootable }) => (bootable === "true" ? w("yes") : null),
        priority: 2,
        hidden: true,
      },
      createdColumn(w),
      idColumn(w, idOf),
    ],
    [t, w, serverNames],
  );
  return (
    <ListTable
      id="volumes"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: HardDrive }}
    />
  );
}

function SnapshotTable() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(snapshots);
  const { data: known } = useList(volumes);
  const actions = useSnapshotActions();
  const columns = useMemo<Column<Snapshot>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2 },
      statusColumn(w),
      {
        id: "size",
        header: t("size"),
        value: ({ size }) => size,
        cell: ({ size }) => w("unit.gib", { count: size }),
        numeric: true,
        priority: 1,
      },
      {
        id: "volume",
        header: t("volume"),
        value: ({ volume_id }) => known?.find(({ id }) => id === volume_id)?.name || volume_id,
        grow: 2,
        priority: 1,
      },
      createdColumn(w),
    ],
    [t, w, known],
  );
  return (
    <ListTable
      id="snapshots"
      title={t("tab.snapshots")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      empty={{ title: t("snapshots.empty"), hint: t("snapshots.hint"), icon: HardDrive }}
    />
  );
}
