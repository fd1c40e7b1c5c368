import { UserMinus } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { type Assignment, assignments, identity, type Project, roles, users } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card } from "../../parts/page.tsx";
import { PlainTable } from "../../parts/plain-table.tsx";
import { text } from "./text.ts";

const KINDS = ["identity.assignment"];
const holderOf = ({ user, group }: Assignment): string => user?.name ?? group?.name ?? "";

const useUserOptions = () => {
  const { data, isPending } = useList(users);
  return { options: (data ?? []).map(({ id, name }) => ({ id, label: name })), isPending };
};
const useRoleOptions = () => {
  const { data, isPending } = useList(roles);
  return { options: (data ?? []).map(({ id, name }) => ({ id, label: name })), isPending };
};

/** Who has which role in a project. */
export function Members({ project }: { project: Project }) {
  const t = useText(text);
  const w = useText(words);
  const query = useList(assignments, { "scope.project.id": project.id });
  const add = useMemo<Action<null>>(
    () => ({
      id: "add",
      label: t("member.add"),
      fields: () => [
        { kind: "select", name: "user", label: t("user"), required: true, useOptions: useUserOptions },
        {
          kind: "select",
          name: "role",
          label: t("role"),
          hint: t("member.hint"),
          required: true,
          useOptions: useRoleOptions,
        },
      ],
      operation(_none, values) {
        const [user, role] = [textOf(values, "user"), textOf(values, "role")];
        return operation(
          ["openstack", "role", "add", "--project", project.id, "--user", user || "USER", role || "ROLE"],
          identity("PUT", `/projects/${project.id}/users/${user}/roles/${role}`),
        );
      },
      done: t("member.added"),
      kinds: KINDS,
    }),
    [t, project.id],
  );
  const actions = useMemo<Action<Assignment>[]>(
    () => [
      {
        id: "remove",
        label: t("member.remove"),
        icon: UserMinus,
        tone: "danger",
        question: () => t("member.question"),
        operation({ role, user, group }) {
          const [kind, holder] = user === undefined ? ["group", group?.id ?? ""] : ["user", user.id];
          return operation(
            ["openstack", "role", "remove", "--project", project.id, `--${kind}`, holder, role.id],
            identity("DELETE", `/projects/${project.id}/${kind}s/${holder}/roles/${role.id}`),
          );
        },
        done: t("member.removed"),
        kinds: KINDS,
      },
    ],
    [t, project.id],
  );
  return (
    <Card title={t("members")} aside={<ActionButton action={add} primary={false} />}>
      <Loaded query={query} what={t("members")}>
        {(found) => (
          <PlainTable
            items={found}
            idOf={assignments.idOf}
            nameOf={(one) => `${holderOf(one)} (${one.role.name})`}
            actions={actions}
            empty={t("members.none")}
            columns={[
              {
                header: w("name"),
                cell: (one) => (one.group === undefined ? holderOf(one) : t("group", { name: one.group.name })),
              },
              { header: t("role"), cell: ({ role }) => role.name },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
