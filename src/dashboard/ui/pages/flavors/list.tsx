import { Layers } from "lucide-react";
import { useMemo } from "react";
import { type Flavor, flavors } from "../../api/compute.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { nameColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useFlavorActions, useFlavorCreation } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: Flavor): string => name;

/** The sizes of instances, also those that few projects may use. */
export default function Flavors() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(flavors, { is_public: "None" });
  const actions = useFlavorActions();
  const create = useFlavorCreation();
  const columns = useMemo<Column<Flavor>[]>(
    () => [
      nameColumn(w, nameOf, ({ id }) => href("/flavors/:id", { id })),
      { id: "vcpus", header: t("vcpus"), value: ({ vcpus }) => vcpus, numeric: true },
      { id: "ram", header: t("ram"), value: ({ ram }) => ram, numeric: true },
      { id: "disk", header: t("disk"), value: ({ disk }) => disk, numeric: true, priority: 1 },
      {
        id: "public",
        header: t("public"),
        value: (one) => (one["os-flavor-access:is_public"] ? w("yes") : "—"),
        priority: 2,
      },
      {
        id: "specs",
        header: t("specs"),
        value: ({ extra_specs = {} }) =>
          Object.entries(extra_specs)
            .map(([key, value]) => `${key}=${value}`)
            .join(", "),
        grow: 2,
        priority: 2,
      },
    ],
    [t, w],
  );
  return (
    <ListPage
      id="flavors"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={flavors.idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: Layers }}
    />
  );
}
