import { Pencil, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { type Group, identity } from "../../api/identity.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { type Field, text as textOf } from "../../parts/form.tsx";
import { useDomainOptions, useHomeDomain } from "../domains/names.ts";
import { text } from "./text.ts";

const KINDS = ["identity.group"];

function useFields(): readonly Field[] {
  const w = useText(words);
  return useMemo(
    () => [
      { kind: "text", name: "name", label: w("name"), required: true },
      { kind: "text", name: "description", label: w("description") },
    ],
    [w],
  );
}

export function useGroupCreation(): Action<null> {
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
      initial: () => ({ domain: home }),
      operation(_none, values) {
        const [name, description] = [textOf(values, "name"), textOf(values, "description")];
        const domain = textOf(values, "domain");
        return operation(
          ["openstack", "group", "create", "--domain", domain, "--description", description, name || "NAME"],
          identity("POST", "/groups", { group: { name, description, domain_id: domain } }),
        );
      },
      done: t("create.done"),
      kinds: KINDS,
    }),
    [t, fields, home],
  );
}

export function useGroupActions(): Action<Group>[] {
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
        initial: ([group]) => ({ name: group?.name ?? "", description: group?.description ?? "" }),
        operation({ id }, values) {
          const [name, description] = [textOf(values, "name"), textOf(values, "description")];
          return operation(
            ["openstack", "group", "set", "--name", name, "--description", description, id],
            identity("PATCH", `/groups/${id}`, { group: { name, description } }),
          );
        },
        done: t("edit.done"),
        kinds: KINDS,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "group", "delete", id], identity("DELETE", `/groups/${id}`)),
        done: t("delete.done"),
        kinds: KINDS,
      },
    ],
    [t, fields],
  );
}
