import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { compare, type HostPicture, hostPicture } from "../support/host-picture.ts";
import { Lab, missingForLab, TENREC } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/** Two clouds on one host, without guests: they do not get into each other's way, and whichever leaves last leaves nothing. */
const skip = missingForLab() ?? false;

interface OneCloud {
  name: string;
  conf: string;
  url: string;
}

describe("two clouds on one host", { skip }, () => {
  let lab: Lab;
  let untouched: HostPicture;
  let clouds: [OneCloud, OneCloud];

  before(async () => {
    const localrc =
      "LIBVIRT_TYPE=qemu\nVOLUME_BACKING_FILE_SIZE=1G\nCLASSIC_PORTS=False\nDOWNLOAD_DEFAULT_IMAGES=False";
    lab = new Lab("two", localrc);
    const second = { name: `${lab.stackName}b`, dataDir: join(lab.directory, "second/data"), port: 8081 };
    const conf = join(lab.directory, "second.conf");
    const text = readFileSync(lab.localConf, "utf8")
      .replace(/^STACK_NAME=.*$/m, `STACK_NAME=${second.name}`)
      .replace(/^DEST=.*$/m, `DEST=${lab.directory}/second`)
      .replace(/^DATA_DIR=.*$/m, `DATA_DIR=${second.dataDir}`);
    // Its ranges collide with the first one's, and are moved by stack.
    writeFileSync(conf, `${text}\nAPI_PORT=${second.port}\nNOVNCPROXY_PORT=6180\nSERIALPROXY_PORT=6183\n`);
    lab.dataDirs.push(second.dataDir);
    const url = (port: string) => `http://${lab.hostAddress}${port}/identity/v3`;
    clouds = [
      { name: lab.stackName, conf: lab.localConf, url: url("") },
      { name: second.name, conf, url: url(`:${second.port}`) },
    ];
    untouched = await hostPicture(lab);
  });
  after(async () => {
    if (lab === undefined) return;
    for (const { conf } of clouds ?? [])
      await run(conf, "unstack").catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  });

  const run = (conf: string, command: string) => lab.onHost(TENREC, [command, "-c", conf]);
  const succeeds = async (where: "host" | "world", command: string, ...args: string[]) =>
    (await lab.try(where, command, args)).code === 0;
  const gateway = async ({ name }: OneCloud) =>
    / inet ([\d.]+)\//.exec(await lab.onHost("ip", ["-n", name, "-o", "-4", "address", "show", "dev", "br-ex"]))?.[1];
  const works = async (cloud: OneCloud) => {
    const address = await gateway(cloud);
    assert.ok(address !== undefined);
    await until(`${cloud.name} works`, 20, async () => {
      const reached = await succeeds("host", "ping", "-c", "1", "-W", "1", address);
      const inBox = [`--net=/run/netns/${cloud.name}`, "ping", "-c", "1", "-W", "1", lab.worldAddress];
      const out = await succeeds("host", "nsenter", ...inBox);
      return reached && out && (await succeeds("world", "curl", "-sf", cloud.url));
    });
    return address;
  };

  for (const [which, order] of [
    ["the first", [0, 1]],
    ["the second", [1, 0]],
  ] as const) {
    test(`both work, the other one goes on when ${which} leaves, and then nothing is left`, async () => {
      for (const { conf } of clouds) await run(conf, "stack");
      const addresses = new Set([await works(clouds[0]), await works(clouds[1])]);
      assert.equal(addresses.size, 2, [...addresses].join());
      const [leaving, staying] = [clouds[order[0]], clouds[order[1]]];
      await run(leaving.conf, "unstack");
      await works(staying);
      const rules = await lab.onHost("iptables", ["-t", "nat", "-S", "POSTROUTING"]);
      assert.deepEqual(
        [...rules.matchAll(/"tenrec (\S+)"/g)].map(([, name]) => name),
        [staying.name],
      );
      await run(staying.conf, "unstack");
      assert.deepEqual(compare(untouched, await hostPicture(lab)), []);
    });
  }
});
