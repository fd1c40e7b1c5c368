/** The whole host layer in a process of its own, inside a pretended host: `host-driver.ts up|teardown|snapshot DATADIR STACKNAME`. */
import { createHost } from "../../../src/host/index.ts";
import { takeSnapshot } from "../../../src/host/snapshot.ts";
import { discard, Logger } from "../../../src/kernel/log/logger.ts";
import { testSettings } from "../../support/settings.ts";

const [verb, dataDir = "", stackName = ""] = process.argv.slice(2);
const log = new Logger("test", { sink: discard });
const host = createHost({ settings: testSettings({ stackName, dataDir, virtDriver: "libvirt" }), log });
const verbs: Record<string, () => Promise<unknown>> = {
  up: async () => {
    await host.box.up();
    await host.libvirtd.start();
    const partition = await host.libvirtd.ensurePartition();
    return { partition, socket: host.libvirtd.socketPath, user: host.libvirtd.guestUser };
  },
  teardown: async () => {
    const report = await host.teardown({ data: true });
    return { failures: report.failures.map(({ error }) => error.message), left: host.ledger.list() };
  },
  snapshot: () => takeSnapshot(host.exec, { ownDirectories: [dataDir] }),
};
const run = verbs[verb ?? ""];
if (run === undefined) throw new Error(`unknown verb ${verb}`);
console.log(JSON.stringify(await run()));
host.close();
