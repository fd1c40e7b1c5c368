import { UserMinus } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { assignments, type Group, groups, identity, type User, users } from "../../api/identity.ts";
import { useAnswer, useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, Facts } from "../../parts/page.tsx";
import { PlainTable } from "../../parts/plain-table.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { useDomainNames } from "../domains/names.ts";
import { useScopeName } from "../roles/scopes.ts";
import { useGroupActions } from "./actions.ts";
import { text } from "./text.ts";

const KINDS = ["identity.group"];
const nameOf = ({ name }: { name: string }): string => name;

/** One group: who is in it, and what that lets them do. */
export default function GroupPage() {
  const t = useText(text);
  const w = useText(words);
  const domainName = useDomainNames();
  return (
    <ThingPage
      resource={groups}
      one={t("one")}
      back={{ to: href("/groups"), label: t("title") }}
      nameOf={nameOf}
      actions={useGroupActions()}
    >
      {(group) => (
        <div className="stack">
          <Card title={t("one")}>
            <Facts
              facts={[
                [w("description"), group.description],
                [t("domain"), domainName(group.domain_id)],
              ]}
            />
          </Card>
          <Members group={group} />
          <Roles group={group} />
        </div>
      )}
    </ThingPage>
  );
}

const useUserOptions = () => {
  const { data, isPending } = useList(users);
  return { options: (data ?? []).map(({ id, name }) => ({ id, label: name })), isPending };
};

function Members({ group }: { group: Group }) {
  const t = useText(text);
  const w = useText(words);
  const query = useAnswer<{ users: User[] }>("identity.group", identity("GET", `/groups/${group.id}/users`));
  const add = useMemo<Action<null>>(
    () => ({
      id: "add",
      label: t("member.add"),
      fields: () => [{ kind: "select", name: "user", label: t("user"), required: true, useOptions: useUserOptions }],
      operation: (_none, values) =>
        operation(
          ["openstack", "group", "add", "user", group.id, textOf(values, "user") || "USER"],
          identity("PUT", `/groups/${group.id}/users/${textOf(values, "user")}`),
        ),
      done: t("member.added"),
      kinds: KINDS,
    }),
    [t, group.id],
  );
  const actions = useMemo<Action<User>[]>(
    () => [
      {
        id: "remove",
        label: t("member.remove"),
        icon: UserMinus,
        tone: "danger",
        question: () => t("member.question"),
        operation: ({ id }) =>
          operation(
            ["openstack", "group", "remove", "user", group.id, id],
            identity("DELETE", `/groups/${group.id}/users/${id}`),
          ),
        done: t("member.removed"),
        kinds: KINDS,
      },
    ],
    [t, group.id],
  );
  return (
    <Card title={t("members")} aside={<ActionButton action={add} primary={false} />}>
      <Loaded query={query} what={t("members")}>
        {({ users: found }) => (
          <PlainTable
            items={found}
            idOf={users.idOf}
            nameOf={nameOf}
            actions={actions}
            empty={t("members.none")}
            columns={[
              { header: w("name"), cell: nameOf },
              { header: w("description"), cell: ({ description }) => description || "—" },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}

function Roles({ group }: { group: Group }) {
  const t = useText(text);
  const scopeName = useScopeName();
  return (
    <Card title={t("roles")}>
      <Loaded query={useList(assignments, { "group.id": group.id })} what={t("roles")}>
        {(found) => (
          <PlainTable
            items={found}
            idOf={assignments.idOf}
            empty={t("roles.none")}
            columns={[
              { header: t("role"), cell: ({ role }) => role.name },
              { header: t("where"), cell: ({ scope }) => scopeName(scope) },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
