import { Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { network, type SecurityGroup, type SecurityGroupRule, securityGroups } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { given, text as textOf } from "../../parts/form.tsx";
import { ruleFields, ruleOperation } from "./rules.ts";
import { text } from "./text.ts";

const KIND = ["network.security-group"];

export function useCreateGroup(): Action<null> {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        { kind: "text", name: "name", label: w("name"), required: true },
        { kind: "text", name: "description", label: w("description") },
      ],
      operation(_none, values) {
        const [name, description] = [textOf(values, "name"), textOf(values, "description")];
        return operation(
          [
            "openstack",
            "security",
            "group",
            "create",
            ...(description === "" ? [] : ["--description", description]),
            name || "NAME",
          ],
          network("POST", "/security-groups", { security_group: given({ name, description }) }),
        );
      },
      done: t("create.done"),
      kinds: KIND,
    }),
    [t, w],
  );
}

export function useGroupActions(): Action<SecurityGroup>[] {
  const t = useText(text);
  const w = useText(words);
  const { data: groups } = useList(securityGroups);
  return useMemo(
    () => [
      {
        id: "rule",
        label: t("add"),
        icon: Plus,
        primary: true,
        single: true,
        fields: () => ruleFields(t, groups ?? []),
        initial: () => ({ what: "ssh", direction: "ingress", from: "0.0.0.0/0" }),
        operation: ({ id }, values) => ruleOperation(id, values),
        done: t("add.done"),
        kinds: KIND,
      },
      {
        id: "edit",
        label: t("edit"),
        icon: Pencil,
        single: true,
        available: ({ name }) => name !== "default",
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          { kind: "text", name: "description", label: w("description") },
        ],
        initial: ([group]) => ({ name: group?.name ?? "", description: group?.description ?? "" }),
        operation({ id }, values) {
          const [name, description] = [textOf(values, "name"), textOf(values, "description")];
          return operation(
            ["openstack", "security", "group", "set", "--name", name, "--description", description, id],
            network("PUT", `/security-groups/${id}`, { security_group: { name, description } }),
          );
        },
        done: t("edit.done"),
        kinds: KIND,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        available: ({ name }) => name !== "default",
        question: () => t("delete.question"),
        operation: ({ id }) =>
          operation(["openstack", "security", "group", "delete", id], network("DELETE", `/security-groups/${id}`)),
        done: t("delete.done"),
        kinds: KIND,
      },
    ],
    [t, w, groups],
  );
}

/** A rule that is deleted can be made again as it was. */
export function useRuleActions(): Action<SecurityGroupRule>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        id: "delete",
        label: t("remove"),
        icon: Trash2,
        operation: ({ id }) =>
          operation(
            ["openstack", "security", "group", "rule", "delete", id],
            network("DELETE", `/security-group-rules/${id}`),
          ),
        undo: (rule) =>
          operation(
            ["openstack", "security", "group", "rule", "create", rule.security_group_id],
            network("POST", "/security-group-rules", {
              security_group_rule: given({
                security_group_id: rule.security_group_id,
                direction: rule.direction,
                ethertype: rule.ethertype,
                protocol: rule.protocol,
                port_range_min: rule.port_range_min,
                port_range_max: rule.port_range_max,
                remote_ip_prefix: rule.remote_ip_prefix,
                remote_group_id: rule.remote_group_id,
                description: rule.description,
              }),
            }),
          ),
        done: t("remove.done"),
        kinds: KIND,
      },
    ],
    [t],
  );
}
