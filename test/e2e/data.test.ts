import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { inOrder } from "../support/in-order.ts";
import type { Json } from "../support/json.ts";
import { Lab, missingForLab, processesOf } from "../support/lab.ts";
import { until } from "../support/patience.ts";
import { lastRecord, RecordWriter, writerScript } from "../support/records.ts";

/**
 * No synchronised byte of a volume is ever lost, and every copy of one is a point in time: a guest writes numbered records all the
 * while, through whatever befalls its volume. Volumes are files here; test/services/block-storage/lvm.test.ts is the same for logical
 * ones. The tests build on each other, in order.
 */
const skip = missingForLab() ?? false;
const IMAGE = "cirros-0.6.3-x86_64-disk";
const MIB = 2 ** 20;

describe("what a guest has written to a volume", { skip }, () => {
  let lab: Lab;
  let key: string;
  let address: string;
  let token: string;
  let project: string;
  let server: string;
  let volume: string;
  let writer: RecordWriter;
  const step = inOrder();

  const os = (...args: string[]): Promise<Json> => lab.openstack("devstack", args);
  const call = async (method: string, path: string, body?: Json): Promise<Json> => {
    const headers = ["-H", `X-Auth-Token: ${token}`, "-H", "Content-Type: application/json"];
    const data = body === undefined ? [] : ["-d", JSON.stringify(body)];
    const version = ["-H", "OpenStack-API-Version: volume 3.70"];
    const url = `http://${lab.hostAddress}${path}`;
    const text = await lab.outside("curl", [
      "-s",
      "--fail-with-body",
      "-X",
      method,
      ...headers,
      ...version,
      ...data,
      url,
    ]);
    return text === "" ? {} : JSON.parse(text);
  };
  const storage = (method: string, path: string, body?: Json) => call(method, `/volume/v3/${project}${path}`, body);
  const becomes = (path: string, status: string): Promise<Json> =>
    until(`${path} is ${status}`, 60, async () => {
      const [thing] = Object.values(await storage("GET", path)) as Json[];
      if (String(thing.status).startsWith("error")) throw new Error(`${path} is in ${thing.status}`);
      return thing.status === status ? thing : null;
    });
  const attachments = () => `/compute/v2.1/servers/${server}/os-volume_attachments`;
  const ours = (word: RegExp) => processesOf(lab.directory).filter(({ command }) => word.test(command));
  const kill = (processes: readonly { pid: number }[]) => {
    assert.notEqual(processes.length, 0, "nothing to kill");
    for (const { pid } of processes) process.kill(pid, "SIGKILL");
  };
  const killDaemon = () => kill(ours(/ daemon( |$)/));
  const fileOf = (name: string) => join(lab.dataDir, "cinder/lvmdriver-1", name);
  const disk = () => fileOf(`volume-${volume}`);

  const attach = async () => {
    await call("POST", attachments(), { volumeAttachment: { volumeId: volume } });
    await becomes(`/volumes/${volume}`, "in-use");
  };
  const detach = async () => {
    await call("DELETE", `${attachments()}/${volume}`);
    await becomes(`/volumes/${volume}`, "available");
  };
  const reach = () => until("ssh", 180, async () => (await lab.trySsh(key, address, "true")).code === 0);
  const startWriter = async (first: number) => {
    await until(
      "the guest sees its disk",
      60,
      async () => (await lab.trySsh(key, address, "test -b /dev/vdb")).code === 0,
    );
    const script = `sudo sh -c '${writerScript("/dev/vdb", first).replaceAll("'", "'\\''")}'`;
    writer = new RecordWriter(lab.spawnSsh(key, address, script), first);
    await writer.writes(3);
  };
  /** What was synchronised before it was asked for is in a copy, and nothing without what came before. */
  const holds = async (copy: () => Promise<string>): Promise<number> => {
    const synced = writer.synced;
    const last = lastRecord(await copy());
    assert.ok(last >= synced, `record ${synced} was synchronised, ${last} is the copy's last`);
    return last;
  };
  const snapshot = async (): Promise<string> =>
    (await storage("POST", "/snapshots", { snapshot: { volume_id: volume, force: true } })).snapshot.id;
  const clone = async (): Promise<string> =>
    (await storage("POST", "/volumes", { volume: { source_volid: volume, size: 1 } })).volume.id;

  before(async () => {
    lab = new Lab("data", "LIBVIRT_TYPE=qemu\nCLASSIC_PORTS=False");
    await lab.tenrec(["stack"]);
    await os("security", "group", "rule", "create", "default", "--proto", "tcp", "--dst-port", "22");
    key = join(lab.directory, "key.pem");
    writeFileSync(key, await lab.openstack("devstack", ["keypair", "create", "key"], { plain: true }));
    chmodSync(key, 0o600);
    const issued = await os("token", "issue");
    token = issued.id;
    project = issued.project_id;
    const options = ["--image", IMAGE, "--flavor", "m1.nano", "--key-name", "key", "--network", "private"];
    server = (await os("server", "create", ...options, "--wait", "vm")).id;
    address = (await os("floating", "ip", "create", "public")).floating_ip_address;
    await lab.openstack("devstack", ["server", "add", "floating", "ip", "vm", address], { plain: true });
    volume = (await storage("POST", "/volumes", { volume: { size: 1 } })).volume.id;
    await becomes(`/volumes/${volume}`, "available");
    // So much that a copy takes its time.
    const file = openSync(disk(), "r+");
    for (let at = 0; at < 200; at += 1) writeSync(file, randomBytes(MIB), 0, MIB, (400 + at) * MIB);
    closeSync(file);
    await reach();
  });
  after(async () => {
    if (lab === undefined) return;
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  });

  let latest = "";

  step("a snapshot, a clone and an image of the attached volume are each of one moment", async () => {
    await attach();
    await startWriter(1);
    await holds(async () => {
      const id = await snapshot();
      await becomes(`/snapshots/${id}`, "available");
      const copy = statSync(fileOf(`snapshots/snapshot-${id}`));
      assert.ok(copy.blocks * 512 < 400 * MIB, `holes stay holes: ${copy.blocks * 512} bytes of ${copy.size}`);
      assert.deepEqual([copy.uid, copy.mode & 0o777], [0, 0o600], "no guest's");
      return fileOf(`snapshots/snapshot-${id}`);
    });
    await holds(async () => {
      const id = await clone();
      await becomes(`/volumes/${id}`, "available");
      return fileOf(`volume-${id}`);
    });
    await holds(async () => {
      const action = { image_name: "copy", disk_format: "qcow2", container_format: "bare", force: true };
      const answer = await storage("POST", `/volumes/${volume}/action`, { "os-volume_upload_image": action });
      await becomes(`/volumes/${volume}`, "in-use");
      const image = join(lab.directory, "copy");
      const path = `/image/v2/images/${answer["os-volume_upload_image"].image_id}/file`;
      await lab.outside("curl", [
        "-s",
        "--fail",
        "-H",
        `X-Auth-Token: ${token}`,
        "-o",
        image,
        `http://${lab.hostAddress}${path}`,
      ]);
      await lab.onHost("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", image, `${image}.raw`]);
      return `${image}.raw`;
    });
    await writer.writes(2);
  });

  step("the daemon killed amid a snapshot: the guest writes on, and the snapshot is one", async () => {
    await holds(async () => {
      latest = await snapshot();
      killDaemon();
      await writer.writes(2);
      await lab.tenrec(["rejoin"]);
      await becomes(`/snapshots/${latest}`, "available");
      return fileOf(`snapshots/snapshot-${latest}`);
    });
    await writer.writes(2);
  });

  step("QEMU killed amid a clone: nothing synchronised is lost, and the clone is one", async () => {
    await holds(async () => {
      const id = await clone();
      kill(ours(/qemu-system/));
      await becomes(`/volumes/${id}`, "available");
      return fileOf(`volume-${id}`);
    });
    await writer.stop();
    assert.ok(lastRecord(disk()) >= writer.synced);
    const stopped = () => call("GET", `/compute/v2.1/servers/${server}`);
    await until("the server is off", 60, async () => (await stopped()).server.status === "SHUTOFF");
    await call("POST", `/compute/v2.1/servers/${server}/action`, { "os-start": null });
    await reach();
    await startWriter(lastRecord(disk()) + 1);
  });

  step("detached amid writes, reverted with the daemon killed, attached and extended: each byte is there", async () => {
    await detach();
    await writer.stop();
    assert.ok(lastRecord(disk()) >= writer.synced);
    const before = lastRecord(fileOf(`snapshots/snapshot-${latest}`));
    await storage("POST", `/volumes/${volume}/action`, { revert: { snapshot_id: latest } });
    killDaemon();
    await lab.tenrec(["rejoin"]);
    await becomes(`/volumes/${volume}`, "available");
    assert.equal(lastRecord(disk()), before);
    await lab.onHost("cmp", [disk(), fileOf(`snapshots/snapshot-${latest}`)]);
    await attach();
    await startWriter(before + 1);
    await storage("POST", `/volumes/${volume}/action`, { "os-extend": { new_size: 2 } });
    await becomes(`/volumes/${volume}`, "in-use");
    await writer.writes(2);
    const sectors = () => lab.ssh(key, address, "cat /sys/block/vdb/size");
    await until("the guest sees it grow", 60, async () => Number(await sectors()) === 2 ** 22);
    await writer.stop();
    assert.ok(lastRecord(disk()) >= writer.synced);
  });
});
