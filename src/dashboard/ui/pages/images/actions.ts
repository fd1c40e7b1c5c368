import { CircleOff, CirclePlay, Pencil, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { type Call, operation } from "../../api/call.ts";
import type { Image } from "../../api/storage.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { text } from "./text.ts";

const KIND = ["image.image"];

export const imageCall = (method: Call["method"], path: string, body?: unknown, type?: string): Call => ({
  service: "image",
  ...(method === undefined ? {} : { method }),
  path: `/v2${path}`,
  ...(body === undefined ? {} : { body }),
  ...(type === undefined ? {} : { headers: { "content-type": type } }),
});

const VISIBILITIES = ["private", "shared", "community", "public"];

/** What a project does with its images; public ones are an administrator's to make. */
export function useImageActions(): Action<Image>[] {
  const t = useText(text);
  const w = useText(words);
  const { project, isAdmin } = useSession();
  return useMemo(() => {
    const isOwn = ({ owner }: Image) => isAdmin || owner === project?.id;
    return [
      {
        id: "edit",
        label: t("edit"),
        icon: Pencil,
        single: true,
        available: isOwn,
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          {
            kind: "select",
            name: "visibility",
            label: t("visibility"),
            required: true,
            options: VISIBILITIES.filter((one) => isAdmin || one !== "public").map((id) => ({ id, label: id })),
          },
          { kind: "number", name: "disk", label: t("create.mindisk"), unit: "GiB", min: 0 },
          { kind: "number", name: "ram", label: t("create.minram"), unit: "MiB", min: 0 },
          { kind: "switch", name: "protected", label: t("protected") },
        ],
        initial: ([image]) => ({
          name: image?.name ?? "",
          visibility: image?.visibility ?? "private",
          disk: image?.min_disk ?? 0,
          ram: image?.min_ram ?? 0,
          protected: image?.protected === true,
        }),
        operation({ id }, values) {
          const [disk, ram] = [Number(values.disk ?? 0), Number(values.ram ?? 0)];
          const [name, visibility] = [textOf(values, "name"), textOf(values, "visibility")];
          const set = { name, visibility, min_disk: disk, min_ram: ram, protected: values.protected === true };
          const patch = Object.entries(set).map(([key, value]) => ({ op: "replace", path: `/${key}`, value }));
          return operation(
            [
              "openstack",
              "image",
              "set",
              "--name",
              name,
              `--${visibility}`,
              "--min-disk",
              String(disk),
              "--min-ram",
              String(ram),
              values.protected === true ? "--protected" : "--unprotected",
              id,
            ],
            imageCall("PATCH", `/images/${id}`, patch, "application/openstack-images-v2.1-json-patch"),
          );
        },
        done: t("edit.done"),
        kinds: KIND,
      },
      {
        id: "deactivate",
        label: t("deactivate"),
        icon: CircleOff,
        available: (image) => isAdmin && image.status === "active",
        operation: ({ id }) =>
          operation(
            ["openstack", "image", "set", "--deactivate", id],
            imageCall("POST", `/images/${id}/actions/deactivate`),
          ),
        undo: ({ id }) =>
          operation(
            ["openstack", "image", "set", "--activate", id],
            imageCall("POST", `/images/${id}/actions/reactivate`),
          ),
        done: t("deactivate.done"),
        kinds: KIND,
      },
      {
        id: "reactivate",
        label: t("reactivate"),
        icon: CirclePlay,
        available: (image) => isAdmin && image.status === "deactivated",
        operation: ({ id }) =>
          operation(
            ["openstack", "image", "set", "--activate", id],
            imageCall("POST", `/images/${id}/actions/reactivate`),
          ),
        done: t("reactivate.done"),
        kinds: KIND,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        available: (image) => isOwn(image) && !image.protected,
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "image", "delete", id], imageCall("DELETE", `/images/${id}`)),
        done: t("delete.done"),
        kinds: KIND,
      },
    ];
  }, [t, w, project, isAdmin]);
}
