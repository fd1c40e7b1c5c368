import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Lab, missingForLab, TENREC } from "../support/lab.ts";

/** `enable_service tls-proxy` with the real client, which trusts nothing but what clouds.yaml and openrc name. */
const skip = missingForLab() ?? false;

describe("a cloud with TLS", { skip }, () => {
  let lab: Lab;
  let bundle: string;
  before(async () => {
    lab = new Lab("tls", "VIRT_DRIVER=fake\nenable_service tls-proxy");
    bundle = join(lab.dataDir, "ca-bundle.pem");
    const output = await lab.tenrec(["stack"]);
    assert.match(output, /Keystone is serving at https:\/\/198\.51\.100\.2\/identity\//);
    assert.ok(output.includes(`(OS_CACERT): ${bundle}`), output);
  });
  after(async () => {
    await lab.tenrec(["unstack"]);
    lab.close();
  });

  const curl = (url: string, ...options: string[]): Promise<string> =>
    lab.outside("curl", ["-sS", "--max-time", "10", "--write-out", "\n%{http_code}", ...options, url]);

  test("the openstack client boots a server with clouds.yaml, and its console is served over TLS", async () => {
    const made = [
      "server",
      "create",
      "--image",
      "cirros-0.6.3-x86_64-disk",
      "--flavor",
      "m1.nano",
      "--network",
      "private",
    ];
    assert.equal((await lab.openstack("devstack", [...made, "--wait", "vm1"])).status, "ACTIVE");
    const { url } = await lab.openstack("devstack", ["console", "url", "show", "--novnc", "vm1"]);
    assert.match(url, /^https:\/\/198\.51\.100\.2:6080\//);
    assert.match(await curl(url, "--cacert", bundle), /<html[\s\S]*\n200$/);
  });

  test("so it does with openrc", async () => {
    const exports = await lab.tenrec(["openrc", "demo", "demo"]);
    const script = `${exports}\nopenstack catalog show compute -f json`;
    const { endpoints } = JSON.parse(await lab.outside("bash", ["-c", script], { env: { HOME: lab.directory } }));
    for (const { url } of endpoints) assert.equal(url, "https://198.51.100.2/compute/v2.1");
  });

  test("classic ports speak TLS, plain HTTP is told so, and metadata stays as guests have it", async () => {
    for (const port of [5000, 8774, 9292, 9696, 8776, 8778])
      assert.match(
        await curl(`https://198.51.100.2:${port}/`, "--cacert", bundle),
        /https:\/\/198\.51\.100\.2[\s\S]*\n(200|300)$|"href":""/,
      );
    for (const port of [443, 8774, 6080])
      assert.match(await curl(`http://198.51.100.2:${port}/`), /https:\/\/.*\n400$/);
    assert.match(await curl("http://198.51.100.2:8775/"), /latest\n200$/);
  });

  test("status, doctor and smoke work; doctor finds a lost certificate and makes another", async () => {
    assert.match(await lab.tenrec(["status"]), /https:\/\/198\.51\.100\.2\/compute/);
    assert.match(await lab.tenrec(["smoke"]), /Give it a floating IP/);
    const doctor = async (...options: string[]) => {
      const { stdout } = await lab.try("host", TENREC, ["doctor", "-c", lab.localConf, "--json", ...options]);
      return JSON.parse(stdout);
    };
    assert.equal((await doctor()).healthy, true);
    rmSync(join(lab.dataDir, "devstack-cert.pem"));
    assert.deepEqual(
      (await doctor()).findings.map(({ key }: { key: string }) => key),
      ["certificate-unusable"],
    );
    const { healthy, repaired } = await doctor("--fix");
    assert.equal(healthy, true);
    assert.equal(repaired[0].repair, "certificate");
    assert.match(await curl("https://198.51.100.2/identity/v3", "--cacert", bundle), /200$/);
  });

  test("unstack keeps the authority, clean removes it", async () => {
    await lab.tenrec(["unstack"]);
    assert.ok(existsSync(bundle));
    await lab.tenrec(["clean"]);
    assert.ok(!existsSync(lab.dataDir));
  });
});
