import { access, chmod, chown, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../../../../kernel/errors.ts";
import { type Domain, isLibvirtError, LibvirtError } from "../../../../libvirt/index.ts";
import { DriverError, type InstanceRef, type InstanceSpec } from "../driver.ts";
import { type DriverContext, isActive, LEDGER_OWNER } from "./context.ts";
import { diskFiles, diskParts, type GuestDisks } from "./disks.ts";
import { unplug } from "./power.ts";
import { agentSocket } from "./xml/consoles.ts";
import type { DiskPart } from "./xml/disks.ts";
import { domainXml } from "./xml/domain.ts";
import { hasHostLimits } from "./xml/limits.ts";

/** Longest path the kernel takes for a unix socket. */
const SOCKET_PATH_BYTES = 107;

/** Making guests, starting them from their spec, and taking them away with everything they had. */
export class Guests {
  readonly #context: DriverContext;
  readonly #disks: GuestDisks;

  constructor(context: DriverContext, disks: GuestDisks) {
    this.#context = context;
    this.#disks = disks;
  }

  async spawn(spec: InstanceSpec, progress: (percent: number) => void, signal: AbortSignal): Promise<void> {
    checkPaths(spec);
    signal.throwIfAborted();
    if (this.#hasLeftovers(spec)) await this.destroy(spec, { keepDisks: false });
    try {
      await this.#makeDirectory(spec);
      await this.#disks.createAll(spec);
      progress(50);
      signal.throwIfAborted();
      await this.define(spec, await this.parts(spec), { start: true });
      signal.throwIfAborted();
      progress(100);
    } catch (error) {
      await this.destroy(spec, { keepDisks: false }).catch((failure: unknown) => {
        // The ledger still has it: the next try, or unstack, takes it away.
        this.#context.deps.log.error("a half made guest could not be taken away", failure, { instance: spec.uuid });
      });
      throw error;
    }
  }

  /** The same for a first start, a hard reboot and a start after the host's: off, defined afresh, on. */
  async start(spec: InstanceSpec): Promise<void> {
    checkPaths(spec);
    await this.#makeDirectory(spec);
    await this.define(spec, await this.parts(spec), { start: true });
  }

  /** Ends what runs, and stores the definition; its saved memory, which fits the old one only, is dropped. */
  async define(spec: InstanceSpec, disks: readonly DiskPart[], options: { start: boolean }): Promise<void> {
    const { ledger, socketPath, log } = this.#context.deps;
    await this.#clear(spec);
    // The log begins anew with each start: what virtlogd put away of the last one must not stand before it.
    await rm(`${spec.paths.consoleLog}.0`, { force: true });
    const entry = { kind: "domain", name: spec.uuid, details: { socket: socketPath, uuid: spec.uuid } } as const;
    const domain = await ledger.create({ ...entry, owner: LEDGER_OWNER }, () => this.#define(spec, disks, true));
    if (!options.start) return;
    try {
      await domain.start();
    } catch (error) {
      if (!hasHostLimits(spec.extraSpecs) || !isAboutLimits(error)) throw error;
      log.warning("the host cannot limit CPU or network of a guest, it runs without", { error: messageOf(error) });
      await (await this.#define(spec, disks, false)).start();
    }
  }

  /** The disks as `diskParts` has them, less a config drive that was never made. */
  async parts(spec: InstanceSpec): Promise<DiskPart[]> {
    const drive = join(spec.paths.directory, diskFiles.config);
    if (spec.configDrive !== "keep" || (await exists(drive))) return diskParts(spec);
    return diskParts({ ...spec, configDrive: null });
  }

  async destroy(ref: InstanceRef, { keepDisks }: { keepDisks: boolean }): Promise<void> {
    const { ledger } = this.#context.deps;
    const domain = await this.#context.find(ref);
    const sockets = domain === null ? [] : await socketsOf(domain);
    const undefine = async (): Promise<void> => {
      if (domain === null) return;
      await unplug(domain);
      await forget(domain);
    };
    if (ledger.get("domain", ref.uuid) === null) await undefine();
    else await ledger.remove("domain", ref.uuid, undefine);
    for (const path of sockets) await rm(path, { force: true });
    if (keepDisks) return;
    const directory = this.#context.directory(ref);
    const remove = () => rm(directory, { recursive: true, force: true });
    if (ledger.get("directory", directory) === null) await remove();
    else await ledger.remove("directory", directory, remove);
  }

  async #define(spec: InstanceSpec, disks: readonly DiskPart[], limits: boolean): Promise<Domain> {
    const { stackName, partition } = this.#context.deps;
    const options = { stackName, partition: await partition(), disks, limits, now: new Date() };
    return this.#defineXml(domainXml(spec, options));
  }

  async #defineXml(xml: string): Promise<Domain> {
    return (await this.#context.libvirt()).domains.define(xml);
  }

  /** Takes the old definition away: one under another name would stand in the new one's way. */
  async #clear(ref: InstanceRef): Promise<void> {
    const domain = await this.#context.find(ref);
    if (domain === null) return;
    if (await isActive(domain)) await unplug(domain);
    if (await domain.hasManagedSave()) await domain.managedSaveRemove();
    if (domain.name !== ref.name) await forget(domain);
  }

  async #makeDirectory(spec: InstanceSpec): Promise<void> {
    const path = this.#context.directory(spec);
    const { ledger } = this.#context.deps;
    if (ledger.get("directory", path)?.state !== "made" || !(await exists(path))) {
      const request = { kind: "directory", name: path, details: { path, recursive: true, data: true } } as const;
      await ledger.create({ ...request, owner: LEDGER_OWNER }, async () => {
        await mkdir(path, { recursive: true, mode: 0o755 });
        await this.#share(path);
      });
    }
    // There before QEMU runs, and root's: a guest that broke out cannot put a link to something else in its place.
    await writeFile(spec.paths.consoleLog, "", { flag: "a", mode: 0o600 });
    for (const socket of [spec.paths.vncSocket, spec.paths.serialSocket]) {
      const made = await mkdir(dirname(socket), { recursive: true, mode: 0o755 });
      if (made !== undefined) await this.#share(dirname(socket));
    }
  }

  /** QEMU makes its sockets there itself; the sticky bit keeps it from replacing files that are not its own. */
  async #share(directory: string): Promise<void> {
    const user = this.#context.deps.qemuUser;
    if (user === null) return;
    await chown(directory, 0, user.gid);
    await chmod(directory, 0o1771);
  }

  #hasLeftovers(spec: InstanceSpec): boolean {
    const { ledger } = this.#context.deps;
    return ledger.get("domain", spec.uuid) !== null || ledger.get("directory", this.#context.directory(spec)) !== null;
  }
}

/** Forgets a domain that is off; gone already is no error. */
async function forget(domain: Domain): Promise<void> {
  try {
    await domain.undefine({ managedSave: true, snapshotsMetadata: true, checkpointsMetadata: true, nvram: true });
  } catch (error) {
    if (!isLibvirtError(error, "no-domain")) throw error;
  }
}

/** Sockets libvirt and QEMU made for a guest: they may lie outside its directory, and stay when it ends. */
async function socketsOf(domain: Domain): Promise<string[]> {
  const xml = await domain.xml({ inactive: true }).catch(() => "");
  const found = [...xml.matchAll(/<(?:source mode='bind' path|listen type='socket' socket)='([^']*)'/g)];
  return found.flatMap(([, path]) => (path === undefined ? [] : [path]));
}

function checkPaths(spec: InstanceSpec): void {
  for (const path of [spec.paths.vncSocket, agentSocket(spec)])
    if (Buffer.byteLength(path) > SOCKET_PATH_BYTES)
      throw new DriverError(
        "failed",
        "The compute host's directory for instances has so long a name that consoles have no room in it.",
        new Error(`${path} is longer than ${SOCKET_PATH_BYTES} bytes`),
      );
}

/** Kernels without the queue disciplines, and containers without the cgroups, that limits need. */
function isAboutLimits(error: unknown): boolean {
  return error instanceof LibvirtError && /cgroup|\btc\b|qdisc|sfq|htb|bandwidth/i.test(error.message);
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
