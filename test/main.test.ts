import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { Settings } from "../src/kernel/config/settings.ts";
import { type Daemon, startDaemon } from "../src/main.ts";
import { TENREC } from "./support/lab.ts";
import { testSettings } from "./support/settings.ts";

/** Every port a daemon opens. */
const PORTS = [
  "API_PORT",
  "KEYSTONE_SERVICE_PORT",
  "KEYSTONE_AUTH_PORT",
  "NOVA_SERVICE_PORT",
  "METADATA_SERVICE_PORT",
  "GLANCE_SERVICE_PORT",
  "Q_PORT",
  "CINDER_SERVICE_PORT",
  "PLACEMENT_SERVICE_PORT",
  "S3_SERVICE_PORT",
  "NOVNCPROXY_PORT",
  "SERIALPROXY_PORT",
  "HEAT_API_PORT",
  "HEAT_API_CFN_PORT",
] as const;

let directory: string;
let daemon: Daemon | null;
let others: Server[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tenrec-main-"));
  daemon = null;
  others = [];
});
afterEach(async () => {
  await daemon?.stop();
  for (const other of others) other.close();
  rmSync(directory, { recursive: true, force: true });
});

const listening = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.end("somebody else\n"));
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });

const placeOf = (dataDir: string) => ({
  DATA_DIR: dataDir,
  LOGDIR: join(dataDir, "logs"),
  HOST_IP: "127.0.0.1",
  SERVICE_LISTEN_ADDRESS: "127.0.0.1",
});

/** Variable → a port that is free at this moment. */
async function freePorts(): Promise<Record<string, string>> {
  const servers = await Promise.all(PORTS.map(() => listening(0)));
  const ports = servers.map((server) => String((server.address() as AddressInfo).port));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(PORTS.map((name, index) => [name, ports[index] ?? ""]));
}

const settingsWithFreePorts = async (variables: Record<string, string> = {}): Promise<Settings> =>
  testSettings({}, { ...placeOf(directory), ...(await freePorts()), ...variables });

const status = async (port: number): Promise<number> => (await fetch(`http://127.0.0.1:${port}/`)).status;

test("a classic port that is taken is a warning until it is free; all others open", async () => {
  const settings = await settingsWithFreePorts();
  const { ports } = settings;
  others.push(await listening(ports.compute), await listening(ports.noVnc));
  daemon = await startDaemon({ settings, sink: () => {} });
  const said = daemon.cloud.kernel.warnings.list();
  assert.deepEqual(
    said.map(({ key }) => key).sort(),
    [`port-taken:${ports.compute}`, `port-taken:${ports.noVnc}`].sort(),
  );
  const [compute] = said.filter(({ key }) => key.endsWith(String(ports.compute)));
  assert.match(compute?.message ?? "", new RegExp(`port ${ports.compute} is taken by another program`));
  assert.match(compute?.hint ?? "", new RegExp(`same API answers under http://127\\.0\\.0\\.1:${ports.api}`));
  assert.equal(await status(ports.api), 200);
  for (const port of [ports.identity, ports.identityAdmin, ports.image, ports.blockStorage])
    assert.equal(await status(port), 300, String(port));
  for (const port of [ports.network, ports.placement, ports.metadata])
    assert.equal(await status(port), 200, String(port));
  const same = await fetch(`http://127.0.0.1:${ports.api}/compute/`);
  assert.equal(same.status, 200);

  await daemon.stop();
  for (const other of others.splice(0)) await new Promise((resolve) => other.close(resolve));
  daemon = await startDaemon({ settings, sink: () => {} });
  assert.deepEqual(daemon.cloud.kernel.warnings.list(), []);
  assert.equal(await status(ports.compute), 200);
});

test("ports of what is disabled are not opened: consoles, metadata, a whole service", async () => {
  const settings = await settingsWithFreePorts({ ENABLED_SERVICES: "key,glance,neutron,n-api,n-cpu,-n-api-meta" });
  daemon = await startDaemon({ settings, sink: () => {} });
  const { ports } = settings;
  const isOpen = (port: number) =>
    status(port).then(
      () => true,
      () => false,
    );
  for (const name of ["noVnc", "metadata", "blockStorage", "placement"] as const)
    assert.equal(await isOpen(ports[name]), false, name);
  for (const name of ["api", "identity", "image", "network", "compute", "serial"] as const)
    assert.equal(await isOpen(ports[name]), true, name);
  assert.deepEqual(daemon.cloud.kernel.warnings.list(), []);
});

test("without its one port a daemon does not start, and says who is to move", async () => {
  const settings = await settingsWithFreePorts();
  others.push(await listening(settings.ports.api));
  const file = join(directory, "local.conf");
  const variables = { VIRT_DRIVER: "fake", DATA_DIR: directory, LOGDIR: join(directory, "logs"), HOST_IP: "127.0.0.1" };
  const lines = Object.entries({ ...variables, SERVICE_LISTEN_ADDRESS: "127.0.0.1", API_PORT: settings.ports.api });
  writeFileSync(file, lines.map(([name, value]) => `${name}=${value}\n`).join(""));
  // As a process of its own: ending it is what gives back what did come up.
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(TENREC, ["daemon", "-c", file], { timeout: 60_000 }, (error, _stdout, text) =>
      resolve({ code: error?.code, stderr: text }),
    );
  });
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    new RegExp(`port ${settings.ports.api} is taken by another program .*set API_PORT in local\\.conf`),
  );
});
