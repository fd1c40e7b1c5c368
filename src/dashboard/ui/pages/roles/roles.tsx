import { ShieldUser } from "lucide-react";
import { useMemo } from "react";
import { type Assignment, assignments, type Role, roles } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { idColumn } from "../../parts/columns.tsx";
import { ListTable } from "../../parts/list-page.tsx";
import { PageHead, PageTabs } from "../../parts/page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useAssignmentActions, useAssignmentCreation, useRoleActions, useRoleCreation } from "./actions.ts";
import { useScopeName } from "./scopes.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: Role): string => name;

/** Who may do what where, and what roles there are. */
export default function Roles() {
  const t = useText(text);
  const assign = useAssignmentCreation();
  const create = useRoleCreation();
  return (
    <>
      <PageHead title={t("title")}>
        <ActionButton action={create} primary={false} />
        <ActionButton action={assign} />
      </PageHead>
      <PageTabs
        label={t("title")}
        tabs={[
          { id: "assignments", label: t("tab.assignments"), content: () => <Assignments /> },
          { id: "roles", label: t("tab.roles"), content: () => <RoleTable /> },
        ]}
      />
    </>
  );
}

function Assignments() {
  const t = useText(text);
  const actions = useAssignmentActions();
  const scopeName = useScopeName();
  const columns = useMemo<Column<Assignment>[]>(
    () => [
      { id: "who", header: t("who"), value: ({ user, group }) => (user ?? group)?.name, grow: 2 },
      {
        id: "kind",
        header: t("kind"),
        value: ({ user }) => t(user === undefined ? "group" : "user"),
        grow: 1.2,
        priority: 2,
      },
      { id: "role", header: t("role"), value: ({ role }) => role.name, grow: 1.5 },
      { id: "where", header: t("where"), value: ({ scope }) => scopeName(scope), grow: 3 },
    ],
    [t, scopeName],
  );
  return (
    <ListTable
      id="assignments"
      title={t("tab.assignments")}
      list={useList(assignments)}
      columns={columns}
      idOf={assignments.idOf}
      nameOf={({ user, group, role, scope }) => `${(user ?? group)?.name}, ${role.name}, ${scopeName(scope)}`}
      actions={actions}
      empty={{ title: t("assignments.empty"), hint: t("assignments.hint"), icon: ShieldUser }}
    />
  );
}

function RoleTable() {
  const t = useText(text);
  const w = useText(words);
  const actions = useRoleActions();
  const columns = useMemo<Column<Role>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 2 },
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 4 },
      idColumn(w, roles.idOf),
    ],
    [w],
  );
  return (
    <ListTable
      id="roles"
      title={t("tab.roles")}
      list={useList(roles)}
      columns={columns}
      idOf={roles.idOf}
      nameOf={nameOf}
      actions={actions}
      empty={{ title: t("roles.empty"), hint: t("roles.hint"), icon: ShieldUser }}
    />
  );
}
