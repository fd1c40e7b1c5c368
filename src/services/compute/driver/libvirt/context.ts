import { join } from "node:path";
import { FIRMWARE } from "../../../../host/packages.ts";
import type { Exec, Ledger } from "../../../../host/types.ts";
import { isUnwritable } from "../../../../kernel/db/unwritable.ts";
import type { Logger } from "../../../../kernel/log/logger.ts";
import type { Tracer } from "../../../../kernel/trace/trace.ts";
import {
  type Domain,
  isLibvirtError,
  type Libvirt,
  LibvirtConnectionError,
  LibvirtError,
  LibvirtTimeoutError,
} from "../../../../libvirt/index.ts";
import { DriverError, type InstanceRef } from "../driver.ts";
import { OWNER_URI, parseOwner } from "./xml/metadata.ts";

/** What the driver is given by whoever puts the program together. */
export interface LibvirtDriverDeps {
  /** Unix socket of the private libvirtd. */
  readonly socketPath: string;
  readonly uri: string;
  readonly exec: Exec;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** Keeps each libvirt call with its XML for `tenrec explain`; null keeps none. */
  readonly tracer: Tracer | null;
  /** Our mark on guests: two stacks' guests are told apart by it. */
  readonly stackName: string;
  /** Name and address of the compute host in the API. */
  readonly hostname: string;
  readonly hostIp: string;
  /** The control group that guests are put in, made when it is missing; null: libvirt's default. */
  readonly partition: () => Promise<string | null>;
  /** Absolute; every guest has the directory <instancesPath>/<uuid>. */
  readonly instancesPath: string;
  /** Who QEMU runs as: files are given to it. null: as root, nothing to give. */
  readonly qemuUser: { readonly uid: number; readonly gid: number } | null;
}

/** Owner of the driver's rows in the ledger. */
export const LEDGER_OWNER = "compute";

/** What all parts of the driver share: the connection, finding guests, and words for failures. */
export class DriverContext {
  readonly deps: LibvirtDriverDeps;
  #libvirt: Libvirt | null = null;
  readonly #alone = new Map<string, Promise<unknown>>();

  constructor(deps: LibvirtDriverDeps) {
    this.deps = deps;
  }

  use(libvirt: Libvirt | null): void {
    this.#libvirt = libvirt;
  }

  /** The connection, once it works: after libvirtd was restarted it comes back within seconds. */
  async libvirt(): Promise<Libvirt> {
    if (this.#libvirt === null) throw new DriverError("failed", "The compute driver is not connected to libvirt.");
    await this.#libvirt.whenConnected(15_000);
    return this.#libvirt;
  }

  /** One at a time of what libvirt refuses while a disk of the guest is copied: copies, unplugging, resizing, saving its memory. */
  async alone<T>(ref: InstanceRef, body: () => Promise<T>): Promise<T> {
    const before = this.#alone.get(ref.uuid) ?? Promise.resolve();
    const turn = before.then(body, body);
    const settled = turn.then(
      () => {},
      () => {},
    );
    this.#alone.set(ref.uuid, settled);
    try {
      return await turn;
    } finally {
      if (this.#alone.get(ref.uuid) === settled) this.#alone.delete(ref.uuid);
    }
  }

  directory(ref: InstanceRef): string {
    // The uuid comes from the database, but this path is removed with all there is in it.
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(ref.uuid)) throw new TypeError(`"${ref.uuid}" is no uuid`);
    return join(this.deps.instancesPath, ref.uuid);
  }

  /** The guest's domain, or null. One that is not marked as ours is never touched: an error. */
  async find(ref: InstanceRef): Promise<Domain | null> {
    const domain = await (await this.libvirt()).domains.findByUuid(ref.uuid);
    if (domain === null) return null;
    if (!(await this.isOurs(domain)))
      throw new DriverError("failed", `The domain ${ref.name} on the host does not belong to this cloud.`);
    return domain;
  }

  async get(ref: InstanceRef): Promise<Domain> {
    const domain = await this.find(ref);
    if (domain === null) throw new DriverError("not-found", `Instance ${ref.uuid} could not be found.`);
    return domain;
  }

  /** The domain of a guest that runs (or is paused). */
  async running(ref: InstanceRef): Promise<Domain> {
    const domain = await this.get(ref);
    if (!(await isActive(domain))) throw new DriverError("not-running", `Instance ${ref.uuid} is not running.`);
    return domain;
  }

  async isOurs(domain: Domain): Promise<boolean> {
    try {
      const owner = parseOwner(await domain.metadata(OWNER_URI, "config"));
      return owner?.stack === this.deps.stackName && owner.uuid === domain.uuid;
    } catch (error) {
      if (isLibvirtError(error, "no-metadata") || isLibvirtError(error, "no-domain")) return false;
      throw error;
    }
  }
}

export async function isActive(domain: Domain): Promise<boolean> {
  const { state } = await domain.state();
  return state !== "shut-off" && state !== "crashed" && state !== "none";
}

/** Runs a verb; whatever it throws becomes a DriverError whose words may be shown to users (paths stay in `cause`). */
export async function asDriverError<T>(what: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw driverError(what, error);
  }
}

function driverError(what: string, error: unknown): unknown {
  if (error instanceof DriverError || isUnwritable(error)) return error;
  // An aborted operation is no failure of the host.
  if (error instanceof Error && error.name === "AbortError") return error;
  if (isNoSpace(error)) return new DriverError("no-space", "The compute host has no disk space left.", error);
  if (error instanceof LibvirtTimeoutError) return new DriverError("timeout", `${what}: libvirt took too long.`, error);
  if (error instanceof LibvirtConnectionError)
    return new DriverError("failed", `${what}: the connection to libvirt was lost.`, error);
  if (error instanceof LibvirtError) {
    if (error.codeName === "no-domain") return new DriverError("not-found", "The instance could not be found.", error);
    if (["agent-unresponsive", "agent-unsynced"].includes(error.codeName))
      return new DriverError("agent", "The guest agent in the instance does not answer.", error);
    if (/Unable to find any firmware/.test(error.message))
      return new DriverError(
        "unsupported",
        `UEFI firmware is not installed on the compute host (package ${FIRMWARE.package}).`,
        error,
      );
    if (["config-unsupported", "no-support", "operation-unsupported", "argument-unsupported"].includes(error.codeName))
      return new DriverError("unsupported", `${what}: ${withoutPaths(error.message)}`, error);
    return new DriverError("failed", `${what}: ${withoutPaths(error.message)}`, error);
  }
  return new DriverError("failed", `${what} failed on the compute host.`, error);
}

function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as NodeJS.ErrnoException).code === "ENOSPC" || /No space left on device/.test(error.message);
}

/** Users have no business with where things lie on the host. */
function withoutPaths(message: string): string {
  return message.replace(/(^|[\s'"=(])\/[^\s'",)]+/g, "$1…");
}
