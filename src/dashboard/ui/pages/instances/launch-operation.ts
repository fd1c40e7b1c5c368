import { type Operation, operation } from "../../api/call.ts";
import { compute } from "../../api/compute.ts";
import { given, list, text as textOf, type Values } from "../../parts/form.tsx";

/** "a=b" a line; null where a line is something else. */
export function metadataOf(text: string): Record<string, string> | null {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const pairs = lines.map((line) => /^\s*([^=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line));
  if (pairs.includes(null)) return null;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}

/** UTF-8, as base64. */
export const base64 = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));

/** What the choices of the launch page ask nova for. */
export function launchOperation(values: Values): Operation {
  const word = (name: string) => textOf(values, name);
  const [kind, image, volume] = [word("kind"), word("image"), word("volume")];
  const size = typeof values.size === "number" ? values.size : 0;
  const deletes = values.delete === true;
  const count = typeof values.count === "number" ? values.count : 1;
  const [nets, groups] = [list(values, "networks"), list(values, "groups")];
  const metadata = metadataOf(word("metadata")) ?? {};
  const disk =
    kind === "image"
      ? null
      : {
          boot_index: 0,
          source_type: kind === "volume" ? "volume" : "image",
          destination_type: "volume",
          uuid: kind === "volume" ? volume : image,
          ...(kind === "volume" ? {} : { volume_size: size }),
          delete_on_termination: deletes,
        };
  const server = given({
    name: word("name"),
    description: word("description"),
    flavorRef: word("flavor"),
    imageRef: kind === "image" ? image : undefined,
    block_device_mapping_v2: disk === null ? undefined : [disk],
    networks: nets.length === 0 ? "auto" : nets.map((uuid) => ({ uuid })),
    security_groups: groups.length === 0 ? undefined : groups.map((name) => ({ name })),
    key_name: word("key"),
    availability_zone: word("zone"),
    user_data: word("userdata") === "" ? undefined : base64(word("userdata")),
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
    config_drive: values.drive === true ? true : undefined,
    min_count: count === 1 ? undefined : count,
    max_count: count === 1 ? undefined : count,
  });
  const hints = given({ group: word("group") });
  const option = (name: string, value: string) => (value === "" ? [] : [name, value]);
  const command = [
    "openstack",
    "server",
    "create",
    ...option("--flavor", word("flavor")),
    ...(kind === "volume" ? option("--volume", volume) : option("--image", image)),
    ...(kind === "image-volume" ? ["--boot-from-volume", String(size)] : []),
    ...(nets.length === 0 ? ["--nic", "auto"] : nets.flatMap((id) => ["--network", id])),
    ...groups.flatMap((id) => ["--security-group", id]),
    ...option("--key-name", word("key")),
    ...option("--description", word("description")),
    ...option("--availability-zone", word("zone")),
    ...(word("userdata") === "" ? [] : ["--user-data", "user-data.txt"]),
    ...Object.entries(metadata).flatMap(([key, value]) => ["--property", `${key}=${value}`]),
    ...(values.drive === true ? ["--config-drive", "True"] : []),
    ...option("--hint", word("group") === "" ? "" : `group=${word("group")}`),
    ...(count === 1 ? [] : ["--min", String(count), "--max", String(count)]),
    word("name") || "NAME",
  ];
  const body = { server, ...(Object.keys(hints).length === 0 ? {} : { "os:scheduler_hints": hints }) };
  return operation(command, compute("POST", "/servers", body));
}
