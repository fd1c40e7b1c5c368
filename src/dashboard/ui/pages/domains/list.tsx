import { Building2, Pencil, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { type Domain, domains, identity } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { idColumn } from "../../parts/columns.tsx";
import { type Field, text as textOf, type Values } from "../../parts/form.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { text } from "./text.ts";

const KINDS = ["identity.domain"];
const nameOf = ({ name }: Domain): string => name;

/** Realms of users and projects that know nothing of each other. */
export default function Domains() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(domains);
  const { create, actions } = useActions();
  const columns = useMemo<Column<Domain>[]>(
    () => [
      { id: "name", header: w("name"), value: nameOf, grow: 1.5 },
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 3, priority: 1 },
      { id: "enabled", header: t("enabled"), value: ({ enabled }) => (enabled ? w("yes") : "—") },
      idColumn(w, domains.idOf),
    ],
    [t, w],
  );
  return (
    <ListPage
      id="domains"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={domains.idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: Building2 }}
    />
  );
}

const membersOf = (values: Values) => ({
  name: textOf(values, "name"),
  description: textOf(values, "description"),
  enabled: values.enabled === true,
});

function useActions(): { create: Action<null>; actions: Action<Domain>[] } {
  const t = useText(text);
  const w = useText(words);
  return useMemo(() => {
    const fields: Field[] = [
      { kind: "text", name: "name", label: w("name"), required: true },
      { kind: "text", name: "description", label: w("description") },
      { kind: "switch", name: "enabled", label: t("enabled"), hint: t("enabled.hint") },
    ];
    const options = (values: Values) => [
      "--description",
      textOf(values, "description"),
      values.enabled === true ? "--enable" : "--disable",
    ];
    return {
      create: {
        id: "create",
        label: t("create"),
        fields: () => fields,
        initial: () => ({ enabled: true }),
        operation: (_none, values) =>
          operation(
            ["openstack", "domain", "create", ...options(values), textOf(values, "name") || "NAME"],
            identity("POST", "/domains", { domain: membersOf(values) }),
          ),
        done: t("create.done"),
        kinds: KINDS,
      },
      actions: [
        {
          id: "edit",
          label: t("edit"),
          icon: Pencil,
          single: true,
          fields: () => fields,
          initial: ([one]) => ({
            name: one?.name ?? "",
            description: one?.description ?? "",
            enabled: one?.enabled === true,
          }),
          operation: ({ id }, values) =>
            operation(
              ["openstack", "domain", "set", "--name", textOf(values, "name"), ...options(values), id],
              identity("PATCH", `/domains/${id}`, { domain: membersOf(values) }),
            ),
          done: t("edit.done"),
          kinds: KINDS,
        },
        {
          id: "delete",
          label: t("delete"),
          icon: Trash2,
          tone: "danger",
          available: ({ id, enabled }) => !enabled && id !== "default",
          question: () => t("delete.question"),
          operation: ({ id }) => operation(["openstack", "domain", "delete", id], identity("DELETE", `/domains/${id}`)),
          done: t("delete.done"),
          kinds: [...KINDS, "identity.project", "identity.user", "identity.group"],
        },
      ],
    };
  }, [t, w]);
}
