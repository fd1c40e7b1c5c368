import { ListPlus, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { compute, type Flavor } from "../../api/compute.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { text } from "./text.ts";

const KINDS = ["compute.flavor"];
const LINE = /^([^=\s]+)\s*=\s*(\S.*)$/;

const linesOf = (value: string): string[] =>
  value
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const specsOf = (value: string): Record<string, string> =>
  Object.fromEntries(
    linesOf(value).flatMap((line) => {
      const [, key, of] = LINE.exec(line) ?? [];
      return key === undefined || of === undefined ? [] : [[key, of]];
    }),
  );

export function useFlavorActions(): Action<Flavor>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        id: "specs",
        label: t("specs.set"),
        icon: ListPlus,
        single: true,
        fields: () => [
          {
            kind: "area",
            name: "specs",
            label: t("specs"),
            hint: t("specs.hint"),
            mono: true,
            rows: 6,
            check: (value) => (linesOf(String(value)).every((line) => LINE.test(line)) ? null : t("specs.bad")),
          },
        ],
        initial: ([flavor]) => ({
          specs: Object.entries(flavor?.extra_specs ?? {})
            .map(([key, value]) => `${key}=${value}`)
            .join("\n"),
        }),
        operation({ id, extra_specs = {} }, values) {
          const wanted = specsOf(textOf(values, "specs"));
          const path = `/flavors/${encodeURIComponent(id)}/os-extra_specs`;
          const gone = Object.keys(extra_specs).filter((key) => !Object.hasOwn(wanted, key));
          const set = Object.entries(wanted).filter(([key, value]) => extra_specs[key] !== value);
          return {
            command: [
              ...(set.length === 0
                ? []
                : [
                    [
                      ...["openstack", "flavor", "set"],
                      ...set.flatMap(([key, value]) => ["--property", `${key}=${value}`]),
                      id,
                    ],
                  ]),
              ...(gone.length === 0
                ? []
                : [["openstack", "flavor", "unset", ...gone.flatMap((key) => ["--property", key]), id]]),
            ],
            calls: [
              ...(set.length === 0 ? [] : [compute("POST", path, { extra_specs: Object.fromEntries(set) })]),
              ...gone.map((key) => compute("DELETE", `${path}/${encodeURIComponent(key)}`)),
            ],
          };
        },
        done: t("specs.done"),
        kinds: KINDS,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ id }) =>
          operation(["openstack", "flavor", "delete", id], compute("DELETE", `/flavors/${encodeURIComponent(id)}`)),
        done: t("delete.done"),
        kinds: KINDS,
      },
    ],
    [t],
  );
}

export function useFlavorCreation(): Action<null> {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        { kind: "text", name: "name", label: w("name"), required: true },
        { kind: "number", name: "vcpus", label: t("vcpus"), min: 1, required: true },
        { kind: "number", name: "ram", label: t("ram"), min: 1, required: true },
        { kind: "number", name: "disk", label: t("disk"), hint: t("create.disk"), min: 0, required: true },
        { kind: "number", name: "ephemeral", label: t("ephemeral"), min: 0 },
        { kind: "number", name: "swap", label: t("swap"), min: 0 },
        { kind: "switch", name: "public", label: t("public"), hint: t("public.hint") },
      ],
      initial: () => ({ vcpus: 1, ram: 512, disk: 1, ephemeral: 0, swap: 0, public: true }),
      operation(_none, values) {
        const name = textOf(values, "name");
        const numbers = ["vcpus", "ram", "disk", "ephemeral", "swap"].map((key) => [key, Number(values[key] ?? 0)]);
        const { ephemeral, ...flavor } = Object.fromEntries(numbers) as Record<string, number>;
        const isPublic = values.public === true;
        return operation(
          [
            ...["openstack", "flavor", "create"],
            ...numbers.flatMap(([key, value]) => [`--${key}`, String(value)]),
            ...[isPublic ? "--public" : "--private", name || "NAME"],
          ],
          compute("POST", "/flavors", {
            flavor: {
              name,
              ...flavor,
              "OS-FLV-EXT-DATA:ephemeral": ephemeral,
              "os-flavor-access:is_public": isPublic,
            },
          }),
        );
      },
      done: t("create.done"),
      kinds: KINDS,
    }),
    [t, w],
  );
}
