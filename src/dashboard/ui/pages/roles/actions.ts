import { Pencil, ShieldOff, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { type Assignment, groups, identity, projects, type Role, roles, users } from "../../api/identity.ts";
import { type Resource, useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { type Field, text as textOf } from "../../parts/form.tsx";
import { useDomainOptions } from "../domains/names.ts";
import { placeOf } from "./scopes.ts";
import { text } from "./text.ts";

const ASSIGNMENTS = ["identity.assignment"];
const ROLES = ["identity.role", ...ASSIGNMENTS];

const optionsOf =
  <Item extends { readonly id: string; readonly name: string }>(resource: Resource<Item>) =>
  () => {
    const { data, isPending } = useList(resource);
    return { options: (data ?? []).map(({ id, name }) => ({ id, label: name })), isPending };
  };
const useUserOptions = optionsOf(users);
const useGroupOptions = optionsOf(groups);
const useProjectOptions = optionsOf(projects);
const useRoleOptions = optionsOf(roles);

export function useAssignmentCreation(): Action<null> {
  const t = useText(text);
  return useMemo(
    () => ({
      id: "assign",
      label: t("assign"),
      fields: () => [
        {
          kind: "select",
          name: "holder",
          label: t("who"),
          required: true,
          options: [
            { id: "user", label: t("kind.user") },
            { id: "group", label: t("kind.group") },
          ],
        },
        {
          kind: "select",
          name: "user",
          label: t("user"),
          required: true,
          visible: ({ holder }) => holder === "user",
          useOptions: useUserOptions,
        },
        {
          kind: "select",
          name: "group",
          label: t("group"),
          required: true,
          visible: ({ holder }) => holder === "group",
          useOptions: useGroupOptions,
        },
        {
          kind: "select",
          name: "role",
          label: t("role"),
          hint: t("role.hint"),
          required: true,
          useOptions: useRoleOptions,
        },
        {
          kind: "select",
          name: "place",
          label: t("where"),
          required: true,
          options: [
            { id: "project", label: t("place.project") },
            { id: "domain", label: t("place.domain") },
            { id: "system", label: t("place.system") },
          ],
        },
        {
          kind: "select",
          name: "project",
          label: t("project"),
          required: true,
          visible: ({ place }) => place === "project",
          useOptions: useProjectOptions,
        },
        {
          kind: "select",
          name: "domain",
          label: t("domain"),
          required: true,
          visible: ({ place }) => place === "domain",
          useOptions: useDomainOptions,
        },
      ],
      initial: () => ({ holder: "user", place: "project" }),
      operation(_none, values) {
        const [holder, place, role] = [textOf(values, "holder"), textOf(values, "place"), textOf(values, "role")];
        const [who, where] = [textOf(values, holder), { id: textOf(values, place), name: "" }];
        const { path, options } = placeOf(
          place === "project" ? { project: where } : place === "domain" ? { domain: where } : {},
        );
        return operation(
          ["openstack", "role", "add", `--${holder}`, who || holder.toUpperCase(), ...options, role || "ROLE"],
          identity("PUT", `${path}/${holder}s/${who}/roles/${role}`),
        );
      },
      done: t("assign.done"),
      kinds: ASSIGNMENTS,
    }),
    [t],
  );
}

export function useAssignmentActions(): Action<Assignment>[] {
  const t = useText(text);
  return useMemo(() => {
    const change = (verb: "add" | "remove") => {
      return ({ user, group, role, scope }: Assignment) => {
        const [kind, holder] = user === undefined ? ["group", group?.id ?? ""] : ["user", user.id];
        const { path, options } = placeOf(scope);
        const tail = options.includes("--inherited") ? "/inherited_to_projects" : "";
        return operation(
          ["openstack", "role", verb, `--${kind}`, holder, ...options, role.id],
          identity(verb === "add" ? "PUT" : "DELETE", `${path}/${kind}s/${holder}/roles/${role.id}${tail}`),
        );
      };
    };
    return [
      {
        id: "remove",
        label: t("unassign"),
        icon: ShieldOff,
        tone: "danger",
        question: () => t("unassign.question"),
        operation: change("remove"),
        undo: change("add"),
        done: t("unassign.done"),
        kinds: ASSIGNMENTS,
      },
    ];
  }, [t]);
}

function useRoleFields(): readonly Field[] {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => [
      { kind: "text", name: "name", label: w("name"), hint: t("create.hint"), required: true },
      { kind: "text", name: "description", label: w("description") },
    ],
    [t, w],
  );
}

export function useRoleCreation(): Action<null> {
  const t = useText(text);
  const fields = useRoleFields();
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => fields,
      operation(_none, values) {
        const [name, description] = [textOf(values, "name"), textOf(values, "description")];
        return operation(
          ["openstack", "role", "create", "--description", description, name || "NAME"],
          identity("POST", "/roles", { role: { name, description } }),
        );
      },
      done: t("create.done"),
      kinds: ROLES,
    }),
    [t, fields],
  );
}

export function useRoleActions(): Action<Role>[] {
  const t = useText(text);
  const fields = useRoleFields();
  return useMemo(
    () => [
      {
        id: "edit",
        label: t("edit"),
        icon: Pencil,
        single: true,
        fields: () => fields,
        initial: ([role]) => ({ name: role?.name ?? "", description: role?.description ?? "" }),
        operation({ id }, values) {
          const [name, description] = [textOf(values, "name"), textOf(values, "description")];
          return operation(
            ["openstack", "role", "set", "--name", name, "--description", description, id],
            identity("PATCH", `/roles/${id}`, { role: { name, description } }),
          );
        },
        done: t("edit.done"),
        kinds: ROLES,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "role", "delete", id], identity("DELETE", `/roles/${id}`)),
        done: t("delete.done"),
        kinds: ROLES,
      },
    ],
    [t, fields],
  );
}
