import { Boxes } from "lucide-react";
import { useMemo } from "react";
import { type Aggregate, aggregates } from "../../api/admin.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useAggregateActions, useAggregateCreation } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: Aggregate): string => name;

/** Hosts taken together, for the scheduler and as availability zones. */
export default function Aggregates() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(aggregates);
  const actions = useAggregateActions();
  const create = useAggregateCreation();
  const columns = useMemo<Column<Aggregate>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 1.5 },
      { id: "zone", header: t("zone"), value: ({ availability_zone }) => availability_zone },
      { id: "hosts", header: t("hosts"), value: ({ hosts }) => hosts.join(", "), grow: 1.5 },
      {
        id: "metadata",
        header: t("metadata"),
        value: ({ metadata }) =>
          Object.entries(metadata)
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
      id="aggregates"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={aggregates.idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: Boxes }}
    />
  );
}
