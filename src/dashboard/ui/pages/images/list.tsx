import { Disc3 } from "lucide-react";
import { useMemo, useState } from "react";
import { Button } from "react-aria-components";
import { useList } from "../../api/resource.ts";
import { type Image, images } from "../../api/storage.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { createdColumn, idColumn, statusColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import { sizeText } from "../../parts/size.ts";
import type { Column } from "../../parts/table.tsx";
import { useImageActions } from "./actions.ts";
import { CreateImage } from "./create.tsx";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Image): string => name ?? id;
const idOf = ({ id }: Image): string => id;

/** What instances can be launched from. */
export default function Images() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(images);
  const [creating, setCreating] = useState(false);
  const actions = useImageActions();
  const columns = useMemo<Column<Image>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2.5 },
      statusColumn(w),
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
      createdColumn(w),
      idColumn(w, idOf),
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
      <ListPage
        id="images"
        title={t("title")}
        list={list}
        columns={columns}
        idOf={idOf}
        nameOf={nameOf}
        actions={actions}
        create={create}
        empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: Disc3 }}
      />
      {creating && <CreateImage close={() => setCreating(false)} />}
    </>
  );
}
