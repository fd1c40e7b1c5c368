import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "../../../src/kernel/db/database.ts";
import type { World } from "./world.ts";

interface ServerRow {
  id: string;
  vm_state: string;
  task_state: string | null;
  power_state: number;
  nics: string;
  block_devices: string;
  image_id: string;
  shelved_image_id: string | null;
  deleted_at: number | null;
}

const RUNS = new Set(["active"]);
const HAS_GUEST = new Set(["active", "stopped", "paused", "suspended", "rescued", "resized", "soft-delete", "shelved"]);
const OFF = new Set(["stopped", "soft-delete", "shelved"]);
const HAS_NO_GUEST = new Set(["shelved_offloaded", "deleted"]);
const SETTLED_VOLUME = /^(available|in-use|reserved|error.*|maintenance|awaiting-transfer)$/;

/** What must be true of a cloud at rest, whatever happened before. Answers what is not. */
export function violations(db: Database, dataDir: string, world: World): string[] {
  const found: string[] = [];
  const wrong = (what: string) => found.push(what);
  const all = <Row>(sql: string) => db.prepare<[], Row>(sql).all();
  const ids = (sql: string) => new Set(db.prepare<[], string>(sql).pluck().all());

  for (const { kind, state } of all<{ kind: string; state: string }>(
    "SELECT kind, state FROM operations WHERE state IN ('running', 'undoing')",
  ))
    wrong(`operation ${kind} is ${state}`);
  for (const { name } of all<{ name: string }>("SELECT name FROM events_outbox")) wrong(`event ${name} waits`);
  for (const { kind } of all<{ kind: string }>("SELECT kind FROM network_dirty")) wrong(`${kind} is not applied`);
  for (const { action, event } of all<{ action: string; event: string }>(
    "SELECT action, event FROM compute_actions WHERE finished_at IS NULL",
  ))
    wrong(`instance action ${action} (${event}) has no end`);

  // Servers and their guests.
  const servers = all<ServerRow>("SELECT * FROM compute_servers");
  const live = new Map(servers.filter(({ deleted_at }) => deleted_at === null).map((server) => [server.id, server]));
  for (const { id, vm_state, task_state, power_state } of live.values()) {
    const guest = world.compute.guests.get(id);
    const what = `server in ${vm_state}`;
    if (task_state !== null) wrong(`${what} has task ${task_state}`);
    if (vm_state === "building") wrong(`${what}`);
    if (RUNS.has(vm_state) && guest?.power !== "running") wrong(`${what}: its guest is ${guest?.power ?? "not there"}`);
    if (HAS_GUEST.has(vm_state) && guest === undefined) wrong(`${what} has no guest`);
    if (HAS_NO_GUEST.has(vm_state) && guest !== undefined) wrong(`${what} has a guest`);
    if (OFF.has(vm_state) && guest?.power === "running") wrong(`${what}: its guest runs`);
    if (power_state === 1 && guest?.power !== "running") wrong(`${what} has power 1: its guest is ${guest?.power}`);
  }
  for (const id of world.compute.guests.keys()) if (!live.has(id)) wrong("a guest without a server");

  // Ports belong to their servers, and the other way round.
  const ports = all<{ id: string; device_id: string; device_owner: string }>(
    "SELECT id, device_id, device_owner FROM network_ports",
  );
  const portIds = new Set(ports.map(({ id }) => id));
  for (const { id, device_id, device_owner } of ports) {
    if (device_owner.startsWith("network:") || device_id === "") continue;
    const server = live.get(device_id);
    if (server === undefined) wrong("a port of a server that is not there");
    else if (!server.nics.includes(id)) wrong(`a port that its server (${server.vm_state}) does not know`);
  }
  for (const { nics, vm_state } of live.values()) {
    for (const { portId } of JSON.parse(nics) as { portId: string }[]) {
      if (!portIds.has(portId)) wrong(`server in ${vm_state} has a port that is not there`);
    }
  }
  for (const server of live.values()) {
    const guest = world.compute.guests.get(server.id);
    if (guest === undefined || server.vm_state !== "active") continue;
    const has = [...guest.nics.keys()].sort().join();
    const wants = (JSON.parse(server.nics) as { portId: string }[]).map(({ portId }) => portId).sort();
    if (has !== wants.join()) wrong(`guest has ${guest.nics.size} NICs, its server ${wants.length}`);
  }
  for (const [what, table, map] of [
    ["network", "network_networks", world.network.networks],
    ["router", "network_routers", world.network.routers],
  ] as const) {
    const wanted = ids(`SELECT id FROM ${table}`);
    for (const id of map.keys()) if (!wanted.has(id)) wrong(`a ${what} on the host that is not there`);
    for (const id of wanted) if (!map.has(id)) wrong(`a ${what} that is not on the host`);
  }

  // Volumes, their data and who has them.
  const volumes = all<{ id: string; status: string }>("SELECT id, status FROM block_storage_volumes");
  const attachments = all<{ id: string; volume_id: string; instance_id: string | null; status: string }>(
    "SELECT * FROM block_storage_attachments",
  );
  for (const { id, status } of volumes) {
    if (!SETTLED_VOLUME.test(status)) wrong(`volume is ${status}`);
    if (!status.startsWith("error") && !world.volumes.volumes.has(id)) wrong(`volume (${status}) without data`);
    const held = attachments.filter(({ volume_id }) => volume_id === id);
    if ((status === "in-use" || status === "reserved") !== held.length > 0)
      wrong(`volume is ${status} and has ${held.length} attachments`);
  }
  const volumeIds = new Set(volumes.map(({ id }) => id));
  for (const id of world.volumes.volumes.keys()) if (!volumeIds.has(id)) wrong("data of no volume");
  const snapshots = all<{ id: string; status: string }>("SELECT id, status FROM block_storage_snapshots");
  for (const { id, status } of snapshots) {
    if (status === "creating" || status === "deleting") wrong(`snapshot is ${status}`);
    if (status === "available" && !world.volumes.snapshots.has(id)) wrong("snapshot without data");
  }
  const snapshotIds = new Set(snapshots.map(({ id }) => id));
  for (const id of world.volumes.snapshots.keys()) if (!snapshotIds.has(id)) wrong("data of no snapshot");
  for (const { id, instance_id, status, volume_id } of attachments) {
    if (instance_id === null) continue;
    const server = live.get(instance_id);
    if (server === undefined) wrong(`attachment (${status}) of a server that is not there`);
    else if (!server.block_devices.includes(id)) wrong(`attachment (${status}) that its server does not know`);
    if (server?.vm_state === "active") {
      if (status !== "attached") wrong(`attachment of an active server is ${status}`);
      if (world.compute.guests.get(instance_id)?.volumes.has(volume_id) !== true) wrong("volume not in its guest");
    }
  }
  for (const { block_devices, vm_state } of live.values()) {
    for (const { attachmentId } of JSON.parse(block_devices) as { attachmentId: string | null }[]) {
      if (attachmentId !== null && !attachments.some(({ id }) => id === attachmentId))
        wrong(`server in ${vm_state} has an attachment that is not there`);
    }
  }

  // Images and their files.
  const images = all<{ id: string; status: string }>("SELECT id, status FROM images");
  const files = (directory: string) =>
    existsSync(directory)
      ? readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))
      : [];
  const imageDir = join(dataDir, "glance/images");
  const stored = new Set(files(imageDir));
  const staged = new Set(files(join(imageDir, ".staging")));
  const used = servers.flatMap(({ shelved_image_id }) => shelved_image_id ?? []);
  for (const { id, status } of images) {
    if (status === "saving" || status === "importing") wrong(`image is ${status}`);
    if (status === "active" && !stored.has(id)) wrong("active image without data");
    if (status === "queued" && used.includes(id)) wrong("shelved image without data");
    if (status === "queued" && stored.has(id)) wrong("queued image with data");
    if (status === "uploading" && !staged.has(id)) wrong("staged image without data");
  }
  const imageIds = new Set(images.map(({ id }) => id));
  for (const id of stored) if (!imageIds.has(id)) wrong("file of no image");
  for (const id of staged) {
    if (images.find((image) => image.id === id)?.status !== "uploading") wrong("staged data that nobody waits for");
  }
  if (files(join(imageDir, ".incoming")).length > 0) wrong("a half received file");
  for (const { status } of all<{ status: string }>("SELECT status FROM image_tasks")) {
    if (status === "processing" || status === "pending") wrong(`task is ${status}`);
  }
  if (ids("SELECT path FROM image_trash").size > 0) wrong("trash is left");
  const instances = join(dataDir, "nova/instances");
  if (existsSync(instances)) {
    const left = readdirSync(instances, { recursive: true }).filter((name) => String(name).includes("snapshot-"));
    if (left.length > 0) wrong("a snapshot's file is left");
  }
  if (files(join(dataDir, "cinder/conversion")).length > 0) wrong("a converted volume's file is left");
  return [...new Set(found)];
}
