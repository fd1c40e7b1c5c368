import assert from "node:assert/strict";
import { cpus } from "node:os";
import { test } from "node:test";
import type { InstanceSpec } from "../../../../../src/services/compute/driver/driver.ts";
import { diskParts } from "../../../../../src/services/compute/driver/libvirt/disks.ts";
import { completed, uptimeLine } from "../../../../../src/services/compute/driver/libvirt/host-info.ts";
import { cpuTopology } from "../../../../../src/services/compute/driver/libvirt/xml/cpu.ts";
import { domainXml } from "../../../../../src/services/compute/driver/libvirt/xml/domain.ts";
import { el, render } from "../../../../../src/services/compute/driver/libvirt/xml/element.ts";
import { parseOwner } from "../../../../../src/services/compute/driver/libvirt/xml/metadata.ts";
import { attribute, elements, hasAlias } from "../../../../../src/services/compute/driver/libvirt/xml/read.ts";
import { plainSpec, plainVolume as volume } from "./lab.ts";

const NOW = new Date("2026-11-20T10:00:00Z");
const nic = {
  portId: "8c8e1d2a-0000-4000-8000-000000000001",
  networkId: "8c8e1d2a-0000-4000-8000-000000000002",
  tap: "tap8c8e1d2a-00",
  bridge: "brq8c8e1d2a-00",
  mac: "fa:16:3e:00:00:01",
  mtu: 1442,
  model: "virtio",
  tag: null,
};

function spec(changes: Partial<InstanceSpec> = {}): InstanceSpec {
  return { ...plainSpec("/i", nic), ...changes };
}

function xmlOf(of: InstanceSpec, limits = true): string {
  const options = { stackName: "stack <&'\">", partition: "/tenrec-x.partition", limits, now: NOW };
  return domainXml(of, { ...options, disks: diskParts(of) });
}

test("names from users stay names: nothing they hold becomes XML, and no XML is refused for them", () => {
  assert.equal(
    render(el("a", { b: `<&>"'\n` }, "<x>\u0000\ud800")),
    '<a b="&lt;&amp;&gt;&quot;&apos;&#10;">&lt;x&gt;\uFFFD\uFFFD</a>',
  );
  assert.throws(() => render(el("a b")), TypeError);
  assert.throws(() => render(el("a", { "b c": 1 })), TypeError);
  const xml = xmlOf(spec());
  assert.equal(elements(xml, "nova:project").length, 1);
  assert.deepEqual(parseOwner(elements(xml, "tenrec:guest")[0] ?? "")?.stack, "stack <&'\">");
});

test("disks: nova's names, boot order, and the bus that is asked for", () => {
  const disks = (changes: Partial<InstanceSpec>) =>
    diskParts(spec(changes)).map(({ target, bus, bootOrder, path }) => [
      target,
      bus,
      bootOrder,
      path.split("/").at(-1),
    ]);
  const extra = { ephemerals: [{ index: 0, sizeMb: 64, format: null }], swapMb: 64 };
  assert.deepEqual(disks({ ...extra, volumes: [volume({ device: "vdc" })] }), [
    ["vda", "virtio", 1, "disk"],
    ["vdb", "virtio", null, "disk.eph0"],
    ["vdd", "virtio", null, "disk.swap"],
    ["vdc", "virtio", null, "volume-1"],
    ["hda", "ide", null, "disk.config"],
  ]);
  assert.deepEqual(disks({ imageProperties: { hw_disk_bus: "scsi", hw_machine_type: "pc-q35-7.2" } }), [
    ["sda", "scsi", 1, "disk"],
    ["sdb", "scsi", null, "disk.config"],
  ]);
  // Booted from a volume: the image's disk is not there at all.
  assert.deepEqual(disks({ volumes: [volume({ device: "vda", bootIndex: 0 })], configDrive: null }), [
    ["vda", "virtio", 1, "volume-1"],
  ]);
  const iso = spec().root;
  assert.ok(iso !== null);
  assert.deepEqual(disks({ root: { ...iso, imageFormat: "iso" }, configDrive: null }), [["hda", "ide", 1, "disk"]]);
});

test("limits are left out where the host cannot keep them", () => {
  const limited = spec({
    extraSpecs: { "quota:cpu_quota": "50000", "quota:vif_outbound_average": "10", "quota:cpu_period": "x" },
  });
  assert.match(xmlOf(limited), /<cputune><quota>50000<\/quota><\/cputune>[\s\S]*<bandwidth><outbound average="10"\/>/);
  assert.doesNotMatch(xmlOf(limited, false), /cputune|bandwidth/);
});

test("an image gets no more video memory than the flavor allows", () => {
  const of = (ram: string, most?: string) =>
    xmlOf(
      spec({
        imageProperties: { hw_video_ram: ram },
        ...(most === undefined ? {} : { extraSpecs: { "hw_video:ram_max_mb": most } }),
      }),
    );
  assert.match(of("16", "64"), /<model type="vga" vram="16384" heads="1"\/>/);
  for (const [ram, most] of [["4096"], ["65", "64"]] as const) {
    assert.throws(() => of(ram, most), { name: "DriverError", code: "image" });
  }
});

test("a guest of ARM has ARM's machine, with UEFI, its serial port and CPU, and nothing that only a PC has", () => {
  const arm = (changes: Partial<InstanceSpec> = {}, properties: Record<string, string> = {}) =>
    spec({ vnc: true, ...changes, imageProperties: { hw_architecture: "aarch64", ...properties } });
  const xml = xmlOf(arm({ virtType: "kvm", cpu: { mode: "host-model", model: "Nehalem" } }));
  assert.match(xml, /<os firmware="efi"><type arch="aarch64" machine="virt">hvm<\/type>/);
  assert.match(xml, /<features><acpi\/><\/features><cpu mode="host-passthrough" check="none">/);
  assert.match(xml, /<clock offset="utc"\/>/);
  assert.match(xml, /<target type="system-serial" port="0"\/>/);
  assert.match(xml, /<model type="virtio" heads="1"\/>/);
  assert.equal(elements(xml, "controller").filter((one) => one.includes("pcie-root-port")).length, 16);
  assert.doesNotMatch(xml, /x86_64|Nehalem|isa-serial|<apic|"ide"|"vga"|timer/);
  assert.deepEqual(
    diskParts(arm({ volumes: [volume({ device: "sdb", deviceType: "cdrom" })] })).map(({ bus }) => bus),
    ["virtio", "scsi", "scsi"],
    "CD drives are where the machine can have them",
  );
  // The kernel of an ami image: without firmware there are no ACPI tables either.
  const bare = arm({ virtType: "qemu", kernelPath: "/i/kernel" }, { hw_firmware_type: "bios" });
  assert.match(xmlOf(bare), /<os><type arch="aarch64" machine="virt">[\s\S]*console=ttyAMA0[\s\S]*<features\/>/);
  assert.match(xmlOf(bare), /<cpu mode="maximum" check="none">/);
  const named = arm({ virtType: "qemu", cpu: { mode: "custom", model: "cortex-a72" } });
  assert.match(xmlOf(named), /<cpu mode="custom" match="exact" check="none"><model fallback="forbid">cortex-a72</);
  // A machine that the image names is its own, and a PC is as it was.
  assert.match(xmlOf(arm({}, { hw_machine_type: "virt-7.2" })), /machine="virt-7.2"/);
  const pc = xmlOf(spec({ imageProperties: { hw_architecture: "x86_64" } }));
  assert.match(pc, /<type arch="x86_64" machine="pc">[\s\S]*<acpi\/><apic\/>[\s\S]*isa-serial/);
});

test("CPU model: an emulated guest is shown LIBVIRT_CPU_MODEL where there is no host's to show", () => {
  const of = (virtType: "kvm" | "qemu", mode: InstanceSpec["cpu"]["mode"], model = "Nehalem") =>
    /<cpu[^>]*>(?:<model[^>]*>([^<]*)<\/model>)?/.exec(xmlOf(spec({ virtType, cpu: { mode, model } })))?.slice(0, 2);
  const named = (check: string, model: string) => [
    `<cpu mode="custom" match="exact" check="${check}"><model fallback="allow">${model}</model>`,
    model,
  ];
  assert.deepEqual(of("qemu", "host-model"), named("none", "Nehalem"));
  assert.deepEqual(of("qemu", "host-passthrough", "Haswell"), named("none", "Haswell"));
  assert.deepEqual(of("qemu", "custom", ""), named("none", "Nehalem"));
  assert.deepEqual(of("kvm", "custom"), named("partial", "Nehalem"));
  assert.deepEqual(of("qemu", "maximum"), ['<cpu mode="maximum" check="none">', undefined]);
  assert.deepEqual(of("kvm", "host-model"), ['<cpu mode="host-model" check="partial">', undefined]);
  assert.deepEqual(of("kvm", "host-passthrough"), ['<cpu mode="host-passthrough" check="none">', undefined]);
  assert.deepEqual(of("qemu", "none"), ["<cpu>", undefined]);
});

test("CPU topology: what is asked for when it fits, else sockets", () => {
  const of = (vcpus: number, extraSpecs: Record<string, string>) => {
    const { sockets, cores, threads } = cpuTopology({ vcpus, extraSpecs, imageProperties: {} });
    return [sockets, cores, threads];
  };
  assert.deepEqual(of(4, {}), [4, 1, 1]);
  assert.deepEqual(of(4, { "hw:cpu_sockets": "1" }), [1, 4, 1]);
  assert.deepEqual(of(8, { "hw:cpu_threads": "2", "hw:cpu_cores": "2" }), [2, 2, 2]);
  assert.deepEqual(of(3, { "hw:cpu_cores": "2" }), [3, 1, 1]);
});

test("libvirt's XML is read: devices by alias, attributes of either quote", () => {
  const xml = `<disk type='file'><source file='/a&amp;b'/><alias name='ua-vol-1'/></disk><disk/><diskette/>`;
  assert.equal(elements(xml, "disk").length, 2);
  assert.equal(attribute(xml, "source", "file"), "/a&b");
  assert.equal(hasAlias(xml, "ua-vol-1"), true);
  assert.equal(hasAlias(xml, "ua-vol-"), false);
});

test("uptime reads as uptime(1) prints it", () => {
  assert.match(
    uptimeLine(NOW, 2 * 86_400 + 4 * 3600 + 60, [0.1, 0.05, 0]),
    /^ \d\d:\d\d:\d\d up 2 days, {2}4:01, {2}0 users, {2}load average: 0.10, 0.05, 0.00$/,
  );
});

test("the machine fills in what libvirt does not know of its processor, and is not asked when it knows", async () => {
  const machine = async () => ({
    hostname: "box",
    arch: "x86_64",
    kernel: "6.1",
    os: { id: "debian", like: [], version: "12", name: "Debian" },
    cpu: { count: 2, sockets: 1, cores: 2, threads: 1, model: "Xeon", vendor: "Intel", flags: [], mhz: 0 },
    memory: { total: 1, available: 1, swapTotal: 0, swapUsed: 0 },
  });
  const never = () => Promise.reject(new Error("asked"));
  const known = (sockets: number) => ({
    arch: "x86_64",
    model: "Nehalem",
    vendor: "Intel",
    topology: { cells: 1, sockets, cores: 1, threads: 1 },
    features: ["vmx"],
  });
  const right = known(cpus().length);
  assert.deepEqual(await completed(right, never), right);
  assert.deepEqual(await completed({ ...right, model: "" }, machine), { ...right, model: "Xeon" });
  // Of another machine, as libvirt tells in containers.
  const others = await completed(known(cpus().length + 1), machine);
  assert.deepEqual(others.topology, { cells: 1, sockets: 1, cores: 2, threads: 1 });
  assert.equal(others.model, "Nehalem");
});
