import { Pencil, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { identity, type Project } from "../../api/identity.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { type Field, text as textOf, type Values } from "../../parts/form.tsx";
import { useDomainOptions, useHomeDomain } from "../domains/names.ts";
import { text } from "./text.ts";

const KINDS = ["identity.project"];

const membersOf = (values: Values) => ({
  name: textOf(values, "name"),
  description: textOf(values, "description"),
  enabled: values.enabled === true,
});

const wordsOf = (values: Values) => [
  "--description",
  textOf(values, "description"),
  values.enabled === true ? "--enable" : "--disable",
];

function useFields(): readonly Field[] {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => [
      { kind: "text", name: "name", label: w("name"), required: true },
      { kind: "text", name: "description", label: w("description") },
      { kind: "switch", name: "enabled", label: t("enabled") },
    ],
    [t, w],
  );
}

export function useProjectActions(): Action<Project>[] {
  const t = useText(text);
  const fields = useFields();
  return useMemo(
    () => [
      {
        id: "edit",
        label: t("edit"),
        icon: Pencil,
        primary: true,
        single: true,
        fields: () => fields,
        initial: ([project]) => ({
          name: project?.name ?? "",
          description: project?.description ?? "",
          enabled: project?.enabled === true,
        }),
        operation: ({ id }, values) =>
          operation(
            ["openstack", "project", "set", "--name", textOf(values, "name"), ...wordsOf(values), id],
            identity("PATCH", `/projects/${id}`, { project: membersOf(values) }),
          ),
        done: t("edit.done"),
        kinds: KINDS,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "project", "delete", id], identity("DELETE", `/projects/${id}`)),
        done: t("delete.done"),
        kinds: KINDS,
      },
    ],
    [t, fields],
  );
}

export function useProjectCreation(): Action<null> {
  const t = useText(text);
  const fields = useFields();
  const home = useHomeDomain();
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        ...fields,
        { kind: "select", name: "domain", label: t("domain"), required: true, useOptions: useDomainOptions },
      ],
      initial: () => ({ enabled: true, domain: home }),
      operation(_none, values) {
        const [name, domain] = [textOf(values, "name"), textOf(values, "domain")];
        return operation(
          ["openstack", "project", "create", "--domain", domain, ...wordsOf(values), name || "NAME"],
          identity("POST", "/projects", { project: { ...membersOf(values), domain_id: domain } }),
        );
      },
      done: t("create.done"),
      kinds: KINDS,
    }),
    [t, fields, home],
  );
}
