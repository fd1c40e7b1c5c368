import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { JsonSchema } from "../../../kernel/http/route.ts";
import type { BlockDeviceWish } from "../manager/bdm-request.ts";
import * as common from "./parameter-types.ts";
import { object } from "./parameter-types.ts";

export interface CreateServerBody {
  server: {
    name: string;
    imageRef?: string;
    flavorRef: string | number;
    adminPass?: string;
    metadata?: Record<string, string>;
    networks?: { uuid?: string; port?: string | null; fixed_ip?: string; tag?: string }[] | "auto" | "none";
    "OS-DCF:diskConfig"?: "AUTO" | "MANUAL";
    accessIPv4?: string;
    accessIPv6?: string;
    personality?: { path: string; contents: string }[];
    availability_zone?: string;
    block_device_mapping?: BlockDeviceWish[];
    block_device_mapping_v2?: BlockDeviceWish[];
    config_drive?: boolean | string;
    key_name?: string;
    min_count?: number | string;
    max_count?: number | string;
    return_reservation_id?: boolean | string;
    security_groups?: { name?: string }[];
    user_data?: string | null;
    description?: string | null;
    tags?: string[];
    trusted_image_certificates?: string[] | null;
    host?: string;
    hypervisor_hostname?: string;
    hostname?: string;
  };
  "os:scheduler_hints"?: Record<string, unknown>;
  "OS-SCH-HNT:scheduler_hints"?: Record<string, unknown>;
}

const legacyDevice: Record<string, JsonSchema> = {
  virtual_name: { type: "string", maxLength: 255 },
  volume_id: common.uuid,
  snapshot_id: common.uuid,
  volume_size: { type: ["integer", "string"], pattern: "^[0-9]+$", minimum: 1, minLength: 1, maximum: 0x7fffffff },
  device_name: { type: ["string", "null"], minLength: 1, maxLength: 255, pattern: "^[a-zA-Z0-9._/-]*$" },
  delete_on_termination: common.boolean,
  no_device: true,
  connection_info: { type: "string", maxLength: 16777215 },
};

const device = (version: Microversion): JsonSchema =>
  object({
    ...legacyDevice,
    volume_size: {
      type: ["integer", "string", "null"],
      pattern: "^[0-9]+$",
      minimum: 0,
      minLength: 1,
      maximum: 0x7fffffff,
    },
    source_type: { type: "string", enum: ["volume", "image", "snapshot", "blank"] },
    uuid: { type: ["string", "null"], minLength: 1, maxLength: 255, pattern: "^[a-zA-Z0-9._-]*$" },
    image_id: common.uuid,
    destination_type: { type: "string", enum: ["local", "volume"] },
    guest_format: { type: "string", maxLength: 255 },
    device_type: { type: "string", maxLength: 255 },
    disk_bus: { type: "string", maxLength: 255 },
    boot_index: { type: ["integer", "string", "null"], pattern: "^-?[0-9]+$" },
    ...(version === mv("2.32") || version >= mv("2.42") ? { tag: common.tag } : {}),
    ...(version >= mv("2.67") ? { volume_type: { type: ["string", "null"], minLength: 0, maxLength: 255 } } : {}),
  });

function networks(version: Microversion): JsonSchema {
  const item = object({
    fixed_ip: common.ipAddress,
    port: common.uuidOrNull,
    uuid: version >= mv("2.37") ? common.uuid : { type: "string" },
    ...((version >= mv("2.32") && version < mv("2.37")) || version >= mv("2.42") ? { tag: common.tag } : {}),
  });
  const list: JsonSchema = { type: "array", items: item };
  return version < mv("2.37") ? list : { oneOf: [list, { type: "string", enum: ["none", "auto"] }] };
}

const hintId: JsonSchema = { oneOf: [{ type: "array", items: common.uuid }, common.uuid] };
const hints: JsonSchema = {
  type: "object",
  properties: {
    group: hintId,
    different_host: hintId,
    same_host: hintId,
    query: { type: ["string", "object"] },
    build_near_host_ip: common.ipAddress,
    cidr: { type: "string", pattern: "^/[0-9a-f.:]+$" },
  },
  additionalProperties: true,
};

function buildCreate(version: Microversion): JsonSchema {
  const since = (text: string, properties: Record<string, JsonSchema>) => (version >= mv(text) ? properties : {});
  return object(
    {
      server: object(
        {
          name: common.name,
          imageRef: common.imageRefOrEmpty,
          flavorRef: common.flavorRef,
          adminPass: common.adminPassword,
          metadata: common.metadata,
          networks: networks(version),
          "OS-DCF:diskConfig": common.diskConfig,
          accessIPv4: common.ipv4OrEmpty,
          accessIPv6: common.ipv6OrEmpty,
          availability_zone: common.name,
          block_device_mapping: { type: "array", items: object(legacyDevice) },
          block_device_mapping_v2: { type: "array", items: device(version) },
          config_drive: common.boolean,
          key_name: common.name,
          min_count: common.positiveInteger,
          max_count: common.positiveInteger,
          return_reservation_id: common.boolean,
          security_groups: { type: "array", items: object({ name: common.name }) },
          user_data: { type: ["string", "null"], format: "base64", maxLength: 65535 },
          ...(version < mv("2.57") ? { personality: common.personality } : {}),
          ...since("2.19", { description: common.description }),
          ...since("2.52", { tags: common.tags }),
          ...since("2.63", { trusted_image_certificates: common.trustedCertificates }),
          ...since("2.74", { host: common.hostname, hypervisor_hostname: common.hostname }),
          ...since("2.90", {
            hostname: {
              type: "string",
              minLength: 2,
              maxLength: version >= mv("2.94") ? 255 : 63,
              pattern:
                version >= mv("2.94")
                  ? "^[a-zA-Z0-9]+[a-zA-Z0-9-.]*[a-zA-Z0-9]+$"
                  : "^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$",
            },
          }),
        },
        version >= mv("2.37") ? ["name", "flavorRef", "networks"] : ["name", "flavorRef"],
      ),
      "os:scheduler_hints": hints,
      "OS-SCH-HNT:scheduler_hints": hints,
    },
    ["server"],
  );
}

/** One schema per range of versions, made when it is first asked for. */
export function byVersion(
  boundaries: readonly string[],
  build: (version: Microversion) => JsonSchema,
): (version: Microversion) => JsonSchema {
  const starts = [mv("2.1"), ...boundaries.map(mv)];
  const built = new Map<Microversion, JsonSchema>();
  return (version) => {
    const start = starts.findLast((candidate) => candidate <= version) ?? mv("2.1");
    let schema = built.get(start);
    if (schema === undefined) {
      schema = build(start);
      built.set(start, schema);
    }
    return schema;
  };
}

export const createServer = byVersion(
  ["2.19", "2.32", "2.33", "2.37", "2.42", "2.52", "2.57", "2.63", "2.67", "2.74", "2.90", "2.94"],
  buildCreate,
);

export interface UpdateServerBody {
  server: {
    name?: string;
    "OS-DCF:diskConfig"?: "AUTO" | "MANUAL";
    accessIPv4?: string;
    accessIPv6?: string;
    description?: string | null;
    hostname?: string;
  };
}

export const updateServer = byVersion(["2.19", "2.90"], (version) =>
  object(
    {
      server: object({
        name: common.name,
        "OS-DCF:diskConfig": common.diskConfig,
        accessIPv4: common.ipv4OrEmpty,
        accessIPv6: common.ipv6OrEmpty,
        ...(version >= mv("2.19") ? { description: common.description } : {}),
        ...(version >= mv("2.90") ? { hostname: common.hostname } : {}),
      }),
    },
    ["server"],
  ),
);
