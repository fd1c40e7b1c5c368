import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { compare, type HostPicture } from "../support/host-picture.ts";
import { inOrder } from "../support/in-order.ts";
import { until } from "../support/patience.ts";
import { bootGuest, login, reachable, server, settled } from "./support/cloud.ts";
import { projectDisk, vmImage } from "./support/image.ts";
import { Machine } from "./support/machine.ts";
import { machinePicture } from "./support/picture.ts";

const TENREC = "/mnt/project/dist/tenrec";
const UNIT = "tenrec@tenrec.service";
// Emulated twice over, a guest needs minutes for its shutdown.
const NOVA_CONF = ["[[post-config|$NOVA_CONF]]", "[DEFAULT]", "shutdown_timeout=600"];
const LOCALRC = ["[[local|localrc]]", "LIBVIRT_TYPE=qemu", "ADMIN_PASSWORD=secret", "VOLUME_BACKING_FILE_SIZE=4G"];
const LOCAL_CONF = [...LOCALRC, ...NOVA_CONF];

/**
 * The single executable on a Debian with systemd, AppArmor and control groups of version 2, without Node: its unit, kills,
 * reboots, logical volumes, and nothing left in the end. The tests build on each other, in order.
 */
describe("a Debian with systemd", { timeout: 14_400_000 }, () => {
  let machine: Machine;
  let untouched: HostPicture;
  let vm1: { id: string; address: string };
  const step = inOrder(async () => {
    console.error((await machine.run(`journalctl -b --no-pager -o cat -n 60 -u ${UNIT}`)).stdout);
  });
  const tenrec = (line: string, seconds = 1800) => machine.must(`cd /root && ${TENREC} ${line}`, seconds);
  const property = async (name: string) => (await machine.must(`systemctl show -P ${name} ${UNIT}`)).trim();
  const answers = () => until("the API answers", 1800, async () => (await fetch(`${machine.api}/identity/v3`)).ok);
  const show = async () => server(await login(machine), vm1.id)();

  before(async () => {
    machine = new Machine({ image: vmImage(), projectDisk: projectDisk(["dist/tenrec"]) });
    await machine.boot();
    await machine.must(`cat > /root/local.conf <<'END'\n${LOCAL_CONF.join("\n")}\nEND`);
    untouched = await machinePicture(machine);
  });
  after(() => machine?.close());

  step("stack: the daemon and all that lives on run in the unit, which is enabled", async () => {
    await tenrec("stack");
    assert.equal(await property("ActiveState"), "active");
    assert.equal(await property("UnitFileState"), "enabled");
    const members = await machine.must(
      "for p in $(pgrep -d ' ' 'libvirtd|virtlogd|dnsmasq'); do grep -q /opt/stack /proc/$p/cmdline && cat /proc/$p/cgroup; done",
    );
    assert.deepEqual([...new Set(members.trim().split("\n"))], [`0::/system.slice/system-tenrec.slice/${UNIT}`]);
    assert.match(await machine.must(`journalctl -b --no-pager -u ${UNIT}`), /Started/);
  });

  step("a guest starts under Debian's AppArmor profiles and is reached at its floating IP", async () => {
    vm1 = await bootGuest(await login(machine), "vm1");
    await reachable(machine, vm1.address);
    assert.equal((await machine.run("journalctl -k -b --no-pager | grep 'apparmor=\"DENIED\"'")).stdout, "");
  });

  step("kill -9: systemd starts the daemon again, the guest goes on", async () => {
    const guest = await machine.must(`pgrep -f qemu-system.*${vm1.id}`);
    const pid = await property("MainPID");
    await machine.must(`kill -9 ${pid}`);
    await until("another process", 300, async () => !["0", pid].includes(await property("MainPID")));
    await answers();
    assert.equal((await show()).status, "ACTIVE");
    assert.equal(await machine.must(`pgrep -f qemu-system.*${vm1.id}`), guest);
  });

  step("a volume is a logical volume; the guest has it as a disk", async () => {
    const api = await login(machine);
    const prefix = `/volume/v3/${api.projectId}/volumes`;
    const { id } = (await api.post(prefix, { volume: { name: "vol1", size: 1 } })).volume;
    const volume = async () => (await api.get(`${prefix}/${id}`)).volume;
    await settled("vol1", volume, ["available"]);
    assert.match(await machine.must("lvs --noheadings -o lv_name,lv_tags"), new RegExp(`volume-${id} +tenrec`));
    await api.post(`/compute/v2.1/servers/${vm1.id}/os-volume_attachments`, { volumeAttachment: { volumeId: id } });
    await settled("vol1", volume, ["in-use"]);
    const blocks = await machine.must(
      `virsh -c 'qemu:///system?socket=/opt/stack/data/libvirt/run/libvirt-sock' domblklist ${vm1.id}`,
    );
    assert.match(blocks, new RegExp(`vdb +/dev/stack-volumes-lvmdriver-1/volume-${id}`));
  });

  step(
    "reboot: guests are shut down in order; cloud, guest, volume and floating IP come back by themselves",
    async () => {
      await machine.reboot();
      assert.match(await machine.must(`journalctl -b -1 --no-pager -u ${UNIT}`), /1 guest stopped\n/);
      await answers();
      await settled("vm1", show, ["ACTIVE"], 1800);
      await reachable(machine, vm1.address);
      assert.match(await machine.must("vgs --noheadings -o vg_name"), /stack-volumes-lvmdriver-1/);
    },
  );

  step("power off and on with resume_guests_state_on_host_boot = False: the guest stays off", async () => {
    await machine.must("echo resume_guests_state_on_host_boot=False >> /root/local.conf");
    await machine.powerOff();
    await machine.boot();
    assert.match(await machine.must(`journalctl -b -1 --no-pager -u ${UNIT}`), /1 guest stopped\n/);
    await answers();
    assert.equal((await settled("vm1", show, ["SHUTOFF", "ACTIVE"], 1800)).status, "SHUTOFF");
  });

  step("doctor finds that the volume group's device was taken away, and brings it back", async () => {
    const group = "stack-volumes-lvmdriver-1";
    await machine.must(`vgchange --activate n ${group} && losetup --detach-all`);
    const found = await machine.run(`cd /root && ${TENREC} doctor`);
    assert.notEqual(found.code, 0);
    assert.match(found.stdout, new RegExp(`${group}.*gone`));
    await tenrec("doctor --fix");
    assert.match(await machine.must("vgs --noheadings -o vg_name"), new RegExp(group));
    await tenrec("doctor");
  });

  step("unstack gives the machine back and keeps the volume; clean removes it too", async () => {
    await tenrec("unstack");
    assert.deepEqual(compare(untouched, await machinePicture(machine)), []);
    await machine.must("test -s /opt/stack/data/stack-volumes-lvmdriver-1.img");
    await tenrec("clean");
    await machine.must("test ! -e /opt/stack");
    assert.deepEqual(compare(untouched, await machinePicture(machine)), []);
  });
});
