import { useMemo } from "react";
import { type Server, servers } from "../../api/compute.ts";
import { useList } from "../../api/resource.ts";
import { type Image, images, type Snapshot, snapshots, type Volume, volumes } from "../../api/storage.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { createdColumn, idColumn, nameColumn, statusColumn } from "../../parts/columns.tsx";
import { ListTable } from "../../parts/list-page.tsx";
import { sizeText } from "../../parts/size.ts";
import { StatusBadge } from "../../parts/status.tsx";
import type { Column } from "../../parts/table.tsx";
import { useImageActions } from "../images/actions.ts";
import { useServerActions } from "../instances/actions.ts";
import { useSnapshotActions, useVolumeActions } from "../volumes/actions.ts";
import { idOf, nameOf, useNothing, useProjectColumn } from "./columns.tsx";
import { text } from "./text.ts";

const ALL = { all_tenants: "1" } as const;

export function Instances() {
  const t = useText(text);
  const w = useText(words);
  const project = useProjectColumn<Server>(({ tenant_id }) => tenant_id);
  const columns = useMemo<Column<Server>[]>(
    () => [
      nameColumn(w, nameOf, ({ id }) => href("/instances/:id", { id })),
      project,
      {
        id: "status",
        header: w("status"),
        value: ({ status, "OS-EXT-STS:task_state": task }) => `${status} ${task ?? ""}`,
        cell: ({ status, "OS-EXT-STS:task_state": task }) => <StatusBadge status={status} doing={task} />,
        grow: 1.4,
      },
      { id: "host", header: t("host"), value: (one) => one["OS-EXT-SRV-ATTR:host"], priority: 2 },
      {
        id: "addresses",
        header: t("addresses"),
        value: ({ addresses }) =>
          Object.values(addresses)
            .flatMap((list) => list.map(({ addr }) => addr))
            .join(", "),
        grow: 2,
        priority: 1,
      },
      { id: "flavor", header: t("flavor"), value: ({ flavor }) => flavor.original_name, priority: 2 },
      idColumn(w, idOf),
    ],
    [t, w, project],
  );
  return (
    <ListTable
      id="all-instances"
      title={t("instances")}
      list={useList(servers, ALL)}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={useServerActions()}
      empty={useNothing()}
    />
  );
}

export function Volumes() {
  const t = useText(text);
  const w = useText(words);
  const project = useProjectColumn<Volume>((volume) => volume["os-vol-tenant-attr:tenant_id"]);
  const columns = useMemo<Column<Volume>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2 },
      project,
      statusColumn(w),
      {
        id: "size",
        header: t("size"),
        value: ({ size }) => size,
        cell: ({ size }) => w("unit.gib", { count: size }),
        numeric: true,
      },
      createdColumn(w),
      idColumn(w, idOf),
    ],
    [t, w, project],
  );
  return (
    <ListTable
      id="all-volumes"
      title={t("volumes")}
      list={useList(volumes, ALL)}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={useVolumeActions()}
      empty={useNothing()}
    />
  );
}

export function Snapshots() {
  const t = useText(text);
  const w = useText(words);
  const project = useProjectColumn<Snapshot>((one) => one["os-extended-snapshot-attributes:project_id"]);
  const columns = useMemo<Column<Snapshot>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2 },
      project,
      statusColumn(w),
      {
        id: "size",
        header: t("size"),
        value: ({ size }) => size,
        cell: ({ size }) => w("unit.gib", { count: size }),
        numeric: true,
      },
      { id: "volume", header: t("volume"), value: ({ volume_id }) => volume_id, grow: 2, priority: 2 },
      createdColumn(w),
    ],
    [t, w, project],
  );
  return (
    <ListTable
      id="all-snapshots"
      title={t("snapshots")}
      list={useList(snapshots, ALL)}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={useSnapshotActions()}
      empty={useNothing()}
    />
  );
}

export function Images() {
  const t = useText(text);
  const w = useText(words);
  const project = useProjectColumn<Image>(({ owner }) => owner);
  const columns = useMemo<Column<Image>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2 },
      project,
      statusColumn(w),
      { id: "visibility", header: t("visibility"), value: ({ visibility }) => visibility, priority: 1 },
      {
        id: "size",
        header: t("size"),
        value: ({ size }) => size,
        cell: ({ size }) => (size === null ? "—" : sizeText(size)),
        numeric: true,
        priority: 1,
      },
      createdColumn(w),
      idColumn(w, idOf),
    ],
    [t, w, project],
  );
  return (
    <ListTable
      id="all-images"
      title={t("images")}
      list={useList(images)}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={useImageActions()}
      empty={useNothing()}
    />
  );
}
