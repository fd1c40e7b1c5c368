import { KeyRound, Pencil, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { identity, type User } from "../../api/identity.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { type Field, given, text as textOf } from "../../parts/form.tsx";
import { useDomainOptions, useHomeDomain } from "../domains/names.ts";
import { text } from "./text.ts";

const KINDS = ["identity.user"];

function useFields(): { about: readonly Field[]; password: Field } {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => ({
      about: [
        { kind: "text", name: "name", label: w("name"), required: true },
        { kind: "text", name: "email", label: t("email") },
        { kind: "text", name: "description", label: w("description") },
        { kind: "switch", name: "enabled", label: t("enabled") },
      ],
      password: { kind: "password", name: "password", label: t("password"), required: true },
    }),
    [t, w],
  );
}

export function useUserActions(): Action<User>[] {
  const t = useText(text);
  const { about, password } = useFields();
  return useMemo(
    () => [
      {
        id: "edit",
        label: t("edit"),
        icon: Pencil,
        single: true,
        fields: () => about,
        initial: ([user]) => ({
          name: user?.name ?? "",
          email: user?.email ?? "",
          description: user?.description ?? "",
          enabled: user?.enabled === true,
        }),
        operation({ id }, values) {
          const [name, email] = [textOf(values, "name"), textOf(values, "email")];
          const [description, enabled] = [textOf(values, "description"), values.enabled === true];
          const options = ["--name", name, "--email", email, "--description", description];
          return operation(
            ["openstack", "user", "set", ...options, enabled ? "--enable" : "--disable", id],
            identity("PATCH", `/users/${id}`, { user: { name, email, description, enabled } }),
          );
        },
        done: t("edit.done"),
        kinds: KINDS,
      },
      {
        id: "password",
        label: t("password.set"),
        icon: KeyRound,
        single: true,
        fields: () => [{ ...password, hint: t("password.hint") }],
        operation: ({ id }, values) =>
          operation(
            ["openstack", "user", "set", "--password-prompt", id],
            identity("PATCH", `/users/${id}`, { user: { password: textOf(values, "password") } }),
          ),
        done: t("password.done"),
        kinds: KINDS,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "user", "delete", id], identity("DELETE", `/users/${id}`)),
        done: t("delete.done"),
        kinds: KINDS,
      },
    ],
    [t, about, password],
  );
}

export function useUserCreation(): Action<null> {
  const t = useText(text);
  const { about, password } = useFields();
  const home = useHomeDomain();
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        ...about,
        { ...password, hint: t("create.hint") },
        { kind: "select", name: "domain", label: t("domain"), required: true, useOptions: useDomainOptions },
      ],
      initial: () => ({ enabled: true, domain: home }),
      operation(_none, values) {
        const [name, enabled, domain] = [textOf(values, "name"), values.enabled === true, textOf(values, "domain")];
        const more = given({ email: textOf(values, "email"), description: textOf(values, "description") });
        const options = Object.entries(more).flatMap(([key, value]) => [`--${key}`, value]);
        return operation(
          [
            ...["openstack", "user", "create", "--domain", domain, ...options, "--password-prompt"],
            ...[enabled ? "--enable" : "--disable", name || "NAME"],
          ],
          identity("POST", "/users", {
            user: { name, ...more, password: textOf(values, "password"), enabled, domain_id: domain },
          }),
        );
      },
      done: t("create.done"),
      kinds: KINDS,
    }),
    [t, about, password, home],
  );
}
