import { Server as ServerIcon } from "lucide-react";
import { useMemo } from "react";
import { type Server, servers } from "../../api/compute.ts";
import { useList } from "../../api/resource.ts";
import { images } from "../../api/storage.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { idColumn, nameColumn } from "../../parts/columns.tsx";
import { Link } from "../../parts/link.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import { memoryText } from "../../parts/size.ts";
import { StatusBadge } from "../../parts/status.tsx";
import type { Column } from "../../parts/table.tsx";
import { Ago } from "../../parts/time.tsx";
import { useServerActions } from "./actions.ts";
import { text } from "./text.ts";

const idOf = ({ id }: Server) => id;
const nameOf = ({ name }: Server) => name;

const addressesOf = (server: Server): string[] =>
  Object.values(server.addresses).flatMap((list) => list.map(({ addr }) => addr));

/** All servers of the project, as they are this moment. */
export default function Instances() {
  const t = useText(text);
  const c = useText(words);
  const list = useList(servers);
  const { data: known } = useList(images);
  const actions = useServerActions();
  const imageNames = useMemo(() => new Map((known ?? []).map(({ id, name }) => [id, name ?? id])), [known]);
  const columns = useMemo<Column<Server>[]>(
    () => [
      nameColumn(c, nameOf, (server) => href("/instances/:id", { id: server.id })),
      {
        id: "status",
        header: c("status"),
        value: ({ status, "OS-EXT-STS:task_state": task }) => `${status} ${task ?? ""}`,
        cell: ({ status, "OS-EXT-STS:task_state": task }) => <StatusBadge status={status} doing={task} />,
        grow: 1.6,
      },
      {
        id: "addresses",
        header: t("addresses"),
        value: (server) => addressesOf(server).join(" "),
        cell: (server) => <span className="mono">{addressesOf(server).join(", ")}</span>,
        grow: 2,
        priority: 1,
      },
      {
        id: "flavor",
        header: t("flavor"),
        value: ({ flavor }) => flavor.original_name,
        cell: ({ flavor }) => (
          <span title={`${c("unit.vcpus", { count: flavor.vcpus })}, ${memoryText(flavor.ram)}, ${flavor.disk} GiB`}>
            {flavor.original_name}
          </span>
        ),
        priority: 1,
      },
      {
        id: "image",
        header: t("image"),
        value: ({ image }) => (image === "" ? t("image.volume") : (imageNames.get(image.id) ?? t("image.gone"))),
        grow: 1.5,
        priority: 2,
      },
      { id: "key", header: t("key"), value: ({ key_name }) => key_name, hidden: true, priority: 2 },
      {
        id: "zone",
        header: t("zone"),
        value: (server) => server["OS-EXT-AZ:availability_zone"],
        hidden: true,
        priority: 2,
      },
      {
        id: "age",
        header: t("age"),
        value: ({ created }) => created,
        cell: ({ created }) => <Ago at={created} />,
        priority: 2,
      },
      idColumn(c, idOf),
    ],
    [t, c, imageNames],
  );
  const launch = (
    <Link to={href("/instances/new")} className="button primary">
      {t("launch")}
    </Link>
  );
  return (
    <ListPage
      id="instances"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={launch}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: ServerIcon }}
    />
  );
}
