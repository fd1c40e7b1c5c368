// Boots the built-in guest image under emulation and checks what a cloud's users rely on.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { guestImage, RECIPE } from "../support/guest-image.ts";
import { until } from "../support/patience.ts";
import { type Guest, Lab, whyNoGuests } from "./lab.ts";

const run = promisify(execFile);
const HTTP = { mac: "02:00:00:77:00:11", address: "10.77.0.11" };
const HOTPLUGGED = { mac: "02:00:00:77:00:12", address: "10.77.0.12" };
const DRIVE = { mac: "02:00:00:77:00:21", address: "10.77.0.21" };
const BARE = { mac: "02:00:00:77:00:31", address: "10.77.0.31" };
/** What a boot may wait for, as it does for metadata that nobody answers: about 2 s. How busy this machine is does not count. */
const IDLE_SECONDS = 15;
/** Has no IPv4 address; this one is made of its MAC. */
const SIX = { mac: "02:00:00:77:00:41", address: "fe80::ff:fe77:41%br0" };
/** How long something is waited for: only what never happens takes it. */
const PATIENCE_SECONDS = 120;

const CLOUD_CONFIG = `#cloud-config
# as a tutorial would write it
hostname: from-config
write_files:
  - path: /etc/motd-test
    permissions: '0640'
    content: |
      first line

        indented: "kept"
  - path: /srv/encoded
    encoding: b64
    content: aGVsbG8=
runcmd:
  - echo one > /srv/one
  - [ sh, -c, "echo 'two words' > /srv/two" ]
  - |
    if true; then
      echo three > /srv/three
    fi
`;

const skip = (await whyNoGuests()) ?? false;

describe("the guest image", { skip }, () => {
  let image: string;
  let lab: Lab;
  let http: Guest;
  let drive: Guest;
  let bare: Guest;

  const disk = async (name: string, base: string, format: string, size: string): Promise<string> => {
    const file = join(lab.dir, `${name}.qcow2`);
    await run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", format, file, size]);
    return file;
  };

  const reachable = (guest: Guest): Promise<string> =>
    until("login by SSH with the key", PATIENCE_SECONDS, () => guest.ssh("cat /proc/uptime"));

  const instance = (name: string, more: object = {}) => ({
    uuid: `00000000-0000-4000-8000-${name.padStart(12, "0")}`,
    hostname: `${name}.novalocal`,
    public_keys: { "a key": `${lab.publicKey}\n` },
    meta: { quoted: 'say "hi" / \\ bye' },
    ...more,
  });

  before(async () => {
    image = await guestImage();
    lab = await Lab.open();
    lab.startDhcp(Object.fromEntries([HTTP, HOTPLUGGED, DRIVE, BARE].map(({ mac, address }) => [mac, address])));
    const userData = "#!/bin/sh\necho user data on $(hostname)\nid -u > /srv/ran-as\n";
    await lab.startMetadata({
      [HTTP.address]: { metaData: instance("http", { admin_pass: "pa$$ 'w\"" }), userData },
      [SIX.address]: { metaData: instance("six") },
    });

    const whole = await disk("http", image, "qcow2", "1G");
    http = await lab.boot("http", HTTP.mac, HTTP.address, "-drive", `file=${whole},if=virtio`);

    // The other ways a server may come up: kernel and initrd given, a bare root disk on SCSI, a config drive on IDE.
    const base = image.replace(/\.qcow2$/, "");
    const iso = await lab.configDrive("drive", { metaData: instance("drive"), userData: CLOUD_CONFIG });
    const root = await disk("drive", `${base}-root.img`, "raw", "1G");
    drive = await lab.boot(
      "drive",
      DRIVE.mac,
      DRIVE.address,
      ...["-kernel", `${base}-vmlinuz`, "-initrd", `${base}-initrd`, "-append", "console=tty0 console=ttyS0"],
      ...["-device", "virtio-scsi-pci", "-drive", `file=${root},if=none,id=root`, "-device", "scsi-hd,drive=root"],
      ...["-drive", `file=${iso},if=ide,media=cdrom,readonly=on`],
    );
    const unknown = await disk("bare", image, "qcow2", "1G");
    bare = await lab.boot("bare", BARE.mac, BARE.address, "-drive", `file=${unknown},if=ide`);
  });

  after(async () => {
    await lab?.close();
  });

  it("is 25 MB at most, and current", async () => {
    assert.ok((await stat(image)).size <= 25_000_000);
    await run(RECIPE, ["--check"]);
  });

  it("lets the key in, whose metadata came over HTTP", async () => {
    // Since the boot, and how much of that the guest had nothing to do.
    const [uptime, idle] = (await reachable(http)).trim().split(" ").map(Number);
    assert.ok(idle !== undefined && idle < IDLE_SECONDS, `up for ${uptime} s, ${idle} s of it waiting`);
    assert.equal(await http.ssh("hostname"), "http");
    assert.match(await http.ssh("cat /run/guest/metadata/meta_data.tsv"), /^meta\/quoted\tsay "hi" \/ \\\\ bye$/m);
  });

  it("runs a user-data script once, as root, and shows its output on the console", async () => {
    await until("user data", PATIENCE_SECONDS, async () =>
      (await http.consoleLog()).match(/user-data script ended with status 0/),
    );
    assert.equal(await http.ssh("cat /srv/ran-as"), "0");
    assert.match(await http.consoleLog(), /user data on http\r?\n/);
  });

  it("shows its boot, its name and its host keys on the serial console", async () => {
    const log = await until("login prompt", PATIENCE_SECONDS, async () => {
      const text = await http.consoleLog();
      return text.includes("http login:") ? text : undefined;
    });
    assert.ok(log.includes("Linux version"), "the kernel's first line");
    const keys = log.match(/-----BEGIN SSH HOST KEY KEYS-----([\s\S]*)-----END SSH HOST KEY KEYS-----/)?.[1] ?? "";
    assert.match(keys, /^ecdsa-sha2-nistp256 \S+/m);
    assert.match(keys, /^ssh-ed25519 \S+/m);
  });

  it("fills its disk, from a partition and from a bare file system", async () => {
    await reachable(drive);
    for (const guest of [http, drive]) {
      await until("a root of about 1 GB", PATIENCE_SECONDS, async () => {
        const size = Number(await guest.ssh("df -m / | awk 'NR == 2 { print $2 }'"));
        return size > 900 ? size : undefined;
      });
    }
  });

  it("takes its metadata and a cloud-config from a config drive", async () => {
    await until("runcmd", PATIENCE_SECONDS, async () => (await drive.consoleLog()).match(/runcmd ended with status 0/));
    assert.equal(await drive.ssh("cat /run/guest/source; hostname"), "config-drive\nfrom-config");
    assert.equal(await drive.ssh("cat /srv/one /srv/two /srv/three /srv/encoded"), "one\ntwo words\nthree\nhello");
    assert.equal(await drive.ssh("sudo cat /etc/motd-test"), 'first line\n\n  indented: "kept"');
    assert.equal(await drive.ssh("ls -l /etc/motd-test | cut -c1-10"), "-rw-r-----");
    assert.match(
      await drive.ssh(
        "PATH=$PATH:/sbin; sudo mount $(blkid -L config-2 -o device) /mnt && ls /mnt && sudo umount /mnt",
      ),
      /openstack/,
    );
  });

  it("answers what test suites ask over SSH", async () => {
    // The prologue that tempest puts before each command.
    const ssh = (line: string) => http.ssh(`set -eu -o pipefail; PATH=$PATH:/sbin:/usr/sbin; ${line}`);
    assert.equal(
      await ssh("sudo id -u; sudo -n sh -c 'echo \"a b\" $((1+1))'; sudo -u cirros id -un"),
      "0\na b 2\ncirros",
    );
    assert.match(await ssh("lsblk -lb --nodeps"), /TYPE[\s\S]*vda .* 1073741824 .*disk/);
    assert.equal(await ssh("ip -o link | awk '/02:00:00:77:00:11/ {print $2}'"), "eth0:");
    assert.match(await ssh("ip addr show eth0"), /mtu 1450[\s\S]*inet 10\.77\.0\.11\/24/);
    assert.match(await ssh("ping -c1 -w5 -s56 10.77.0.1"), /1 packets received/);
    assert.equal(await ssh("curl http://169.254.169.254/latest/meta-data/public-ipv4"), "172.24.4.10");
    assert.equal(await ssh("curl -X POST -d some.data http://169.254.169.254/password"), "posted some.data");
    assert.match(await ssh("curl -s -i -I http://169.254.169.254/nothing"), /^HTTP\/1\.[01] 404/);
    await ssh("sudo nc -p 4321 -lk -e echo foolish > /dev/null 2>&1 &");
    await ssh("sudo nc -u -p 4322 -lk -e echo foolish > /dev/null 2>&1 &");
    await until("nc -u", PATIENCE_SECONDS, async () =>
      (await ssh("echo bar | nc -w 1 -u 127.0.0.1 4322")) === "foolish" ? 1 : undefined,
    );
    for (const _ of [1, 2]) {
      await until("nc -lk", PATIENCE_SECONDS, async () =>
        (await ssh("echo bar | nc -w 1 127.0.0.1 4321")) === "foolish" ? 1 : undefined,
      );
    }
    await ssh("sudo /bin/kill -USR1 $(cat /var/run/udhcpc.eth0.pid)"); // renews the lease, and must not cut us off
    assert.equal(await ssh("hostname"), "http");
  });

  it("takes and gives files by the protocol of older scp, into and out of folders", async () => {
    const [there, back] = [join(lab.dir, "there"), join(lab.dir, "back")];
    await mkdir(join(there, "in"), { recursive: true });
    const content = randomBytes(300_000);
    await writeFile(join(there, "in", "a file"), content, { mode: 0o750 });
    await http.scp(there, ":copied");
    assert.equal(await http.ssh("stat -c %a 'copied/in/a file'"), "750");
    await http.scp(":copied", back);
    assert.deepEqual(await readFile(join(back, "in", "a file")), content);
  });

  it("has the password of the metadata", async () => {
    const [, salt, hash] = (await http.ssh("sudo grep ^cirros: /etc/shadow | cut -d: -f2")).split("$").slice(1);
    const made = await http.ssh(`printf '%s\\n' 'pa$$ '\\''w"' | mkpasswd -m sha512 -S '${salt}' -P 0`);
    assert.equal(made.split("$")[3], hash ?? salt);
  });

  it("configures a hot-plugged network card and sees a hot-plugged disk", async () => {
    await lab.makeTap("tap-second");
    await run("qemu-img", ["create", "-q", "-f", "raw", join(lab.dir, "extra.raw"), "64M"]);
    const node = {
      "node-name": "extra",
      driver: "raw",
      file: { driver: "file", filename: join(lab.dir, "extra.raw") },
    };
    await http.monitor(
      {
        execute: "netdev_add",
        arguments: { type: "tap", id: "net1", ifname: "tap-second", script: "no", downscript: "no" },
      },
      {
        execute: "device_add",
        arguments: { driver: "virtio-net-pci", netdev: "net1", mac: HOTPLUGGED.mac, id: "nic1" },
      },
      { execute: "blockdev-add", arguments: node },
      { execute: "device_add", arguments: { driver: "virtio-blk-pci", drive: "extra", id: "disk1" } },
    );
    await until("an address on the new card", PATIENCE_SECONDS, async () => {
      return (await http.ssh("ip addr show eth1")).includes(HOTPLUGGED.address) ? true : undefined;
    });
    await until("the new disk", PATIENCE_SECONDS, async () =>
      (await http.ssh("ls /dev/vdb")) === "/dev/vdb" ? true : undefined,
    );
    const line =
      'sudo mke2fs -q -t ext4 /dev/vdb && sudo mount /dev/vdb /mnt && sudo sh -c "date > /mnt/timestamp; sync"';
    await http.ssh(`${line} && sudo umount /mnt`);
    await http.monitor({ execute: "device_del", arguments: { id: "nic1" } });
    await until("the card's departure", PATIENCE_SECONDS, async () =>
      (await http.ssh("ls /sys/class/net")) === "eth0\nlo" ? 1 : undefined,
    );
  });

  it("answers the guest agent", async () => {
    await http.agent("guest-ping");
    assert.deepEqual(await http.agent("guest-get-host-name"), { "host-name": "http" });
    const behind = async () => Date.now() / 1000 - Number(await http.ssh("date +%s"));
    await http.ssh("sudo date -s @1700000000");
    assert.ok((await behind()) > 1e6);
    await http.agent("guest-set-time", { time: Date.now() * 1e6 });
    assert.ok(Math.abs(await behind()) < 10, `${await behind()} s behind`);
  });

  it("is usable from its console when no metadata answers", async () => {
    // Alone of the three it has an emulated IDE disk, and waits for metadata in vain.
    await until("login prompt", 2 * PATIENCE_SECONDS, async () => {
      const text = await bare.consoleLog();
      if (!/cirros login:/.test(text)) throw new Error(`so far: …${text.slice(-500)}`);
      return true;
    });
  });

  it("takes its metadata by IPv6 where there is nothing else", async () => {
    const six = await lab.boot(
      "six",
      SIX.mac,
      SIX.address,
      "-drive",
      `file=${await disk("six", image, "qcow2", "1G")},if=virtio`,
    );
    await reachable(six);
    assert.equal(await six.ssh("hostname; ip -4 addr show eth0"), "six");
  });

  it("powers off when the button is pressed", async () => {
    for (const guest of [http, drive]) await guest.monitor({ execute: "system_powerdown" });
    const off = Promise.all([http.ended, drive.ended]).then(() => true);
    await until("power off", PATIENCE_SECONDS, () => Promise.race([off, sleep(50, undefined)]));
  });
});
