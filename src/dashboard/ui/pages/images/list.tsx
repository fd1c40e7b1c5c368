import { Disc3 } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "react-aria-components";
import { useList } from "../../api/resource.ts";
import { type Image, images } from "../../api/storage.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Empty } from "../../parts/empty.tsx";
import { PageHead } from "../../parts/page.tsx";
import { sizeText } from "../../parts/size.ts";
import { StatusBadge } from "../../parts/status.tsx";
import { type Column, ResourceTable } from "../../parts/table.tsx";
import { Ago } from "../../parts/time.tsx";
import { useImageActions } from "./actions.ts";
import { CreateImage } from "./create.tsx";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Image): string => name ?? id;
const idOf = ({ id }: Image): string => id;

/** What instances can be launched from. */
export default function Images() {
  const t = useText(text);
  const w = useText(words);
  const { data, error, refetch } = useList(images);
  const [creating, setCreating] = useState(false);
  const actions = useImageActions();
  const columns = useMemo<Column<Image>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2.5 },
      {
        id: "status",
        header: w("status"),
        value: ({ status }) => status,
        cell: ({ status }) => <StatusBadge status={status} />,
        grow: 1.2,
      },
      {
        id: "visibility",
        header: t("visibility"),
        value: ({ visibility }) => visibility,
        cell: ({ visibility }) => <span className="chip">{visibility}</span>,
        priority: 1,
      },
      { id: "format", header: t("format"), value: ({ disk_format }) => disk_format, priority: 2 },
      {
        id: "size",
        header: t("size"),
        value: ({ size }) => size,
        cell: ({ size }) => (size === null ? <span className="dim">—</span> : sizeText(size)),
        numeric: true,
        priority: 1,
      },
      {
        id: "created",
        header: w("created"),
        value: ({ created_at }) => created_at,
        cell: ({ created_at }) => <Ago at={created_at} />,
        priority: 2,
      },
      {
        id: "id",
        header: w("id"),
        value: idOf,
        cell: ({ id }) => <code>{id}</code>,
        hidden: true,
        grow: 2,
        priority: 2,
      },
    ],
    [t, w],
  );
  const create = (
    <Button className="button primary" onPress={() => setCreating(true)}>
      {t("create")}
    </Button>
  );
  return (
    <>
      <PageHead title={t("title")}>{create}</PageHead>
      <ResourceTable
        id="images"
        label={t("title")}
        items={data}
        error={error}
        retry={() => void refetch()}
        columns={columns}
        idOf={idOf}
        nameOf={nameOf}
        actions={actions}
        empty={
          <Empty title={t("empty.title")} hint={t("empty.hint")} icon={Disc3}>
            {create}
          </Empty>
        }
      />
      {creating && <CreateImage close={() => setCreating(false)} />}
    </>
  );
}
