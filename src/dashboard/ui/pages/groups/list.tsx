import { UsersRound } from "lucide-react";
import { useMemo } from "react";
import { type Group, groups } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { idColumn, nameColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useDomainNames } from "../domains/names.ts";
import { useGroupActions, useGroupCreation } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: Group): string => name;

/** Users who have the same roles because they belong together. */
export default function Groups() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(groups);
  const actions = useGroupActions();
  const create = useGroupCreation();
  const domainName = useDomainNames();
  const columns = useMemo<Column<Group>[]>(
    () => [
      nameColumn(w, nameOf, ({ id }) => href("/groups/:id", { id })),
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 3, priority: 1 },
      { id: "domain", header: t("domain"), value: ({ domain_id }) => domainName(domain_id), grow: 1.5 },
      idColumn(w, groups.idOf),
    ],
    [t, w, domainName],
  );
  return (
    <ListPage
      id="groups"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={groups.idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: UsersRound }}
    />
  );
}
