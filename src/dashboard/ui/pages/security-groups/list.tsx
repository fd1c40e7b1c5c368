import { Shield } from "lucide-react";
import { useMemo } from "react";
import { type SecurityGroup, securityGroups } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Link } from "../../parts/link.tsx";
import { PageHead } from "../../parts/page.tsx";
import { type Column, ResourceTable } from "../../parts/table.tsx";
import { useCreateGroup, useGroupActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: SecurityGroup): string => name;
const idOf = ({ id }: SecurityGroup): string => id;

/** Who may reach instances, by groups of rules. */
export default function SecurityGroups() {
  const t = useText(text);
  const w = useText(words);
  const { data, error, refetch } = useList(securityGroups);
  const actions = useGroupActions();
  const create = useCreateGroup();
  const columns = useMemo<Column<SecurityGroup>[]>(
    () => [
      {
        id: "name",
        header: w("name"),
        value: nameOf,
        cell: (group) => <Link to={href("/security-groups/:id", { id: group.id })}>{group.name}</Link>,
        grow: 2,
      },
      { id: "rules", header: t("rules"), value: ({ security_group_rules: rules }) => rules.length, numeric: true },
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 4, priority: 1 },
    ],
    [t, w],
  );
  return (
    <>
      <PageHead title={t("title")}>
        <ActionButton action={create} />
      </PageHead>
      <ResourceTable
        id="security-groups"
        label={t("title")}
        items={data}
        error={error}
        retry={() => void refetch()}
        columns={columns}
        idOf={idOf}
        nameOf={nameOf}
        actions={actions}
        empty={
          <Empty title={t("empty.title")} hint={t("empty.hint")} icon={Shield}>
            <ActionButton action={create} />
          </Empty>
        }
      />
    </>
  );
}
