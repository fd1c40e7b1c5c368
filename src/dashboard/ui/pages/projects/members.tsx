import { UserMinus } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { type Assignment, assignments, identity, type Project, roles, users } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton, ActionMenu, useRunner } from "../../parts/action.tsx";
import { Busy } from "../../parts/busy.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { Card } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
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
  const { data, error, refetch } = useList(assignments, { "scope.project.id": project.id });
  const runner = useRunner(holderOf);
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
      {data === undefined ? (
        error === null ? (
          <Busy what={t("members")} />
        ) : (
          <Problem error={error} retry={() => void refetch()} />
        )
      ) : data.length === 0 ? (
        <p className="dim">{t("members.none")}</p>
      ) : (
        <div className="scrolls">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{w("name")}</th>
                <th scope="col">{t("role")}</th>
                <th scope="col">
                  <span className="hidden-visually">{w("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.map((one) => (
                <tr key={assignments.idOf(one)}>
                  <td>{one.group === undefined ? holderOf(one) : t("group", { name: one.group.name })}</td>
                  <td>{one.role.name}</td>
                  <td>
                    <ActionMenu
                      actions={actions}
                      item={one}
                      name={`${holderOf(one)} (${one.role.name})`}
                      runner={runner}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {runner.dialog}
    </Card>
  );
}
