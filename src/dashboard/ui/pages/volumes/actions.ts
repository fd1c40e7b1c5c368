import { Camera, Disc, HardDrive, Link2, Pencil, Scaling, Trash2, Unlink } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { compute, servers } from "../../api/compute.ts";
import { useList } from "../../api/resource.ts";
import { images, type Snapshot, snapshots, type Volume, volumeCall, volumes, volumeTypes } from "../../api/storage.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { given, text as textOf, type Values } from "../../parts/form.tsx";
import { text } from "./text.ts";

const KIND = ["block-storage.volume"];

const sizeOf = (values: Values): number => (typeof values.size === "number" ? values.size : 0);

/** A new volume: empty, or of an image, a snapshot or another volume. */
export function useCreateVolume(): Action<null> {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        { kind: "text", name: "name", label: w("name"), required: true },
        {
          kind: "select",
          name: "source",
          label: t("create.source"),
          hint: t("create.source.hint"),
          required: true,
          options: [
            { id: "empty", label: t("source.empty") },
            { id: "image", label: t("create.image") },
            { id: "snapshot", label: t("create.snapshot") },
            { id: "volume", label: t("create.clone") },
          ],
        },
        {
          kind: "select",
          name: "image",
          label: t("create.image"),
          required: true,
          visible: ({ source }) => source === "image",
          useOptions() {
            const { data, isPending } = useList(images);
            const active = (data ?? []).filter(({ status }) => status === "active");
            return { isPending, options: active.map(({ id, name }) => ({ id, label: name ?? id })) };
          },
        },
        {
          kind: "select",
          name: "snapshot",
          label: t("create.snapshot"),
          required: true,
          visible: ({ source }) => source === "snapshot",
          useOptions() {
            const { data, isPending } = useList(snapshots);
            return {
              isPending,
              options: (data ?? []).map(({ id, name, size }) => ({ id, label: name || id, hint: `${size} GiB` })),
            };
          },
        },
        {
          kind: "select",
          name: "volume",
          label: t("create.clone"),
          required: true,
          visible: ({ source }) => source === "volume",
          useOptions() {
            const { data, isPending } = useList(volumes);
            return {
              isPending,
              options: (data ?? []).map(({ id, name, size }) => ({ id, label: name || id, hint: `${size} GiB` })),
            };
          },
        },
        { kind: "number", name: "size", label: t("size"), unit: "GiB", min: 1, required: true },
        {
          kind: "select",
          name: "type",
          label: t("type"),
          hint: t("type.default"),
          useOptions() {
            const { data, isPending } = useList(volumeTypes);
            return {
              isPending,
              options: (data ?? []).map(({ name, description }) => ({
                id: name,
                label: name,
                ...(description ? { hint: description } : {}),
              })),
            };
          },
        },
        { kind: "text", name: "description", label: w("description") },
      ],
      initial: () => ({ source: "empty", size: 1 }),
      operation(_none, values) {
        const [source, name] = [textOf(values, "source"), textOf(values, "name")];
        const from = source === "empty" ? "" : textOf(values, source);
        const members = { image: "imageRef", snapshot: "snapshot_id", volume: "source_volid" } as const;
        const options = { image: "--image", snapshot: "--snapshot", volume: "--source" } as const;
        const known = source === "image" || source === "snapshot" || source === "volume" ? source : null;
        const type = textOf(values, "type");
        const volume = given({
          name,
          description: textOf(values, "description"),
          size: sizeOf(values),
          volume_type: type,
          ...(known === null ? {} : { [members[known]]: from }),
        });
        return operation(
          [
            "openstack",
            "volume",
            "create",
            "--size",
            String(sizeOf(values)),
            ...(known === null ? [] : [options[known], from]),
            ...(type === "" ? [] : ["--type", type]),
            name || "NAME",
          ],
          volumeCall("POST", "/volumes", { volume }),
        );
      },
      done: t("create.done"),
      kinds: KIND,
    }),
    [t, w],
  );
}

/** Everything that a project does with a volume. */
export function useVolumeActions(): Action<Volume>[] {
  const t = useText(text);
  const w = useText(words);
  const { services } = useSession();
  return useMemo(() => {
    const isFree = ({ status }: Volume) => status === "available";
    const attaching: Action<Volume>[] = [
      {
        id: "attach",
        label: t("attach"),
        icon: Link2,
        single: true,
        available: ({ status, multiattach }) => status === "available" || (multiattach && status === "in-use"),
        fields: () => [
          {
            kind: "select",
            name: "server",
            label: t("attach.instance"),
            required: true,
            useOptions() {
              const { data, isPending } = useList(servers);
              return {
                isPending,
                options: (data ?? []).map(({ id, name, status }) => ({ id, label: name, hint: status.toLowerCase() })),
              };
            },
          },
        ],
        operation(volume, values) {
          const server = textOf(values, "server");
          return operation(
            ["openstack", "server", "add", "volume", server, volume.id],
            compute("POST", `/servers/${server}/os-volume_attachments`, { volumeAttachment: { volumeId: volume.id } }),
          );
        },
        done: t("attach.done"),
        kinds: KIND,
      },
      {
        id: "detach",
        label: t("detach"),
        icon: Unlink,
        tone: "danger",
        available: ({ attachments }) => attachments.length > 0,
        question: () => t("detach.question"),
        operation: ({ id, attachments }) => ({
          calls: attachments.map((one) => compute("DELETE", `/servers/${one.server_id}/os-volume_attachments/${id}`)),
          command: attachments.map((one) => ["openstack", "server", "remove", "volume", one.server_id, id]),
        }),
        done: t("detach.done"),
        kinds: KIND,
      },
    ];
    return [
      ...(services.has("compute") ? attaching : []),
      {
        id: "extend",
        label: t("extend"),
        icon: Scaling,
        single: true,
        available: ({ status }) => status === "available" || status === "in-use",
        fields: ([volume]) => [
          {
            kind: "number",
            name: "size",
            label: t("size"),
            hint: t("extend.hint"),
            unit: "GiB",
            min: (volume?.size ?? 0) + 1,
            required: true,
          },
        ],
        initial: ([volume]) => ({ size: (volume?.size ?? 0) + 1 }),
        operation: ({ id }, values) =>
          operation(
            ["openstack", "volume", "set", "--size", String(sizeOf(values)), id],
            volumeCall("POST", `/volumes/${id}/action`, { "os-extend": { new_size: sizeOf(values) } }),
          ),
        done: t("extend.done"),
        kinds: KIND,
      },
      {
        id: "snapshot",
        label: t("snapshot"),
        icon: Camera,
        single: true,
        available: ({ status }) => status === "available" || status === "in-use",
        fields: () => [{ kind: "text", name: "name", label: w("name"), hint: t("snapshot.hint"), required: true }],
        initial: ([volume]) => ({ name: `${volume?.name || "volume"}-snapshot` }),
        operation: ({ id }, values) =>
          operation(
            ["openstack", "volume", "snapshot", "create", "--force", "--volume", id, textOf(values, "name")],
            volumeCall("POST", "/snapshots", {
              snapshot: { volume_id: id, name: textOf(values, "name"), force: true },
            }),
          ),
        done: t("snapshot.done"),
        kinds: ["block-storage.snapshot"],
      },
      {
        id: "upload",
        label: t("upload"),
        icon: Disc,
        single: true,
        available: isFree,
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          {
            kind: "select",
            name: "format",
            label: t("upload.format"),
            required: true,
            options: ["qcow2", "raw", "vmdk", "vdi"].map((id) => ({ id, label: id })),
          },
        ],
        initial: ([volume]) => ({ name: volume?.name || "volume", format: "qcow2" }),
        operation: ({ id }, values) =>
          operation(
            [
              "openstack",
              "image",
              "create",
              "--volume",
              id,
              "--disk-format",
              textOf(values, "format"),
              textOf(values, "name"),
            ],
            volumeCall("POST", `/volumes/${id}/action`, {
              "os-volume_upload_image": {
                image_name: textOf(values, "name"),
                disk_format: textOf(values, "format"),
                container_format: "bare",
              },
            }),
          ),
        done: t("upload.done"),
        kinds: ["image.image"],
      },
      {
        id: "edit",
        label: t("edit"),
        icon: Pencil,
        single: true,
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          { kind: "text", name: "description", label: w("description") },
        ],
        initial: ([volume]) => ({ name: volume?.name ?? "", description: volume?.description ?? "" }),
        operation(volume, values) {
          const [name, description] = [textOf(values, "name"), textOf(values, "description")];
          return operation(
            ["openstack", "volume", "set", "--name", name, "--description", description, volume.id],
            volumeCall("PUT", `/volumes/${volume.id}`, { volume: { name, description } }),
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
        available: ({ status }) => status === "available" || status.startsWith("error"),
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "volume", "delete", id], volumeCall("DELETE", `/volumes/${id}`)),
        done: t("delete.done"),
        kinds: KIND,
      },
    ];
  }, [t, w, services]);
}

export function useSnapshotActions(): Action<Snapshot>[] {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => [
      {
        id: "volume",
        label: t("snapshot.volume"),
        icon: HardDrive,
        single: true,
        available: ({ status }) => status === "available",
        fields: ([snapshot]) => [
          { kind: "text", name: "name", label: w("name"), required: true },
          { kind: "number", name: "size", label: t("size"), unit: "GiB", min: snapshot?.size ?? 1, required: true },
        ],
        initial: ([snapshot]) => ({ name: `${snapshot?.name ?? "snapshot"}-volume`, size: snapshot?.size ?? 1 }),
        operation: ({ id }, values) =>
          operation(
            [
              "openstack",
              "volume",
              "create",
              "--snapshot",
              id,
              "--size",
              String(sizeOf(values)),
              textOf(values, "name"),
            ],
            volumeCall("POST", "/volumes", {
              volume: { snapshot_id: id, size: sizeOf(values), name: textOf(values, "name") },
            }),
          ),
        done: t("create.done"),
        kinds: KIND,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        available: ({ status }) => status === "available" || status.startsWith("error"),
        question: () => t("delete.question"),
        operation: ({ id }) =>
          operation(["openstack", "volume", "snapshot", "delete", id], volumeCall("DELETE", `/snapshots/${id}`)),
        done: t("delete.done"),
        kinds: ["block-storage.snapshot"],
      },
    ],
    [t, w],
  );
}
