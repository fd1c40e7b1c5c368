import { Users as UsersIcon } from "lucide-react";
import { useMemo } from "react";
import { type User, users } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { idColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useDomainNames } from "../domains/names.ts";
import { useUserActions, useUserCreation } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: User): string => name;
const idOf = ({ id }: User): string => id;

/** Who may log in. */
export default function Users() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(users);
  const actions = useUserActions();
  const create = useUserCreation();
  const domainName = useDomainNames();
  const columns = useMemo<Column<User>[]>(
    () => [
      {
        id: "name",
        header: w("name"),
        value: nameOf,
        grow: 1.5,
      },
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 2, priority: 2 },
      { id: "email", header: t("email"), value: ({ email }) => email, grow: 2.5, priority: 1 },
      { id: "enabled", header: t("enabled"), value: ({ enabled }) => (enabled ? w("yes") : "—") },
      { id: "domain", header: t("domain"), value: ({ domain_id }) => domainName(domain_id), priority: 2 },
      idColumn(w, idOf),
    ],
    [t, w, domainName],
  );
  return (
    <ListPage
      id="users"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: UsersIcon }}
    />
  );
}
