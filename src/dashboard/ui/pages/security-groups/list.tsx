import { Shield } from "lucide-react";
import { useMemo } from "react";
import { type SecurityGroup, securityGroups } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { nameColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useCreateGroup, useGroupActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: SecurityGroup): string => name;
const idOf = ({ id }: SecurityGroup): string => id;

/** Who may reach instances, by groups of rules. */
export default function SecurityGroups() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(securityGroups);
  const actions = useGroupActions();
  const create = useCreateGroup();
  const columns = useMemo<Column<SecurityGroup>[]>(
    () => [
      nameColumn(w, nameOf, (group) => href("/security-groups/:id", { id: group.id })),
      { id: "rules", header: t("rules"), value: ({ security_group_rules: rules }) => rules.length, numeric: true },
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 4, priority: 1 },
    ],
    [t, w],
  );
  return (
    <ListPage
      id="security-groups"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: Shield }}
    />
  );
}
