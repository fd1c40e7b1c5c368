import type { DomainRef, SnapshotRef } from "./codecs.ts";
import { bits, mask } from "./flags.ts";
import { remote } from "./procedures.ts";
import type { Caller } from "./session.ts";

type Switches<B> = { readonly [K in keyof B]?: boolean };

/** A snapshot that libvirt keeps metadata of. */
export class Snapshot {
  readonly #caller: Caller;
  readonly #ref: SnapshotRef;

  constructor(caller: Caller, ref: SnapshotRef) {
    this.#caller = caller;
    this.#ref = ref;
  }

  get name(): string {
    return this.#ref.name;
  }

  async xml(): Promise<string> {
    return (await this.#caller.call(remote.snapshotXml, { snapshot: this.#ref, flags: 0 })).xml;
  }

  /** Takes the guest back to the snapshot; internal snapshots only with libvirt 9. */
  async revert(options: Switches<typeof bits.snapshotRevert> = {}): Promise<void> {
    const flags = mask(bits.snapshotRevert, options);
    await this.#caller.call(remote.snapshotRevert, { snapshot: this.#ref, flags }, LONG);
  }

  async delete(options: Switches<typeof bits.snapshotDelete> = {}): Promise<void> {
    const flags = mask(bits.snapshotDelete, options);
    await this.#caller.call(remote.snapshotDelete, { snapshot: this.#ref, flags }, LONG);
  }
}

/** The snapshots of one guest. */
export class DomainSnapshots {
  readonly #caller: Caller;
  readonly #domain: DomainRef;

  constructor(caller: Caller, domain: DomainRef) {
    this.#caller = caller;
    this.#domain = domain;
  }

  /** Makes a snapshot from `<domainsnapshot>` XML. With `noMetadata` the result is a name only and cannot be looked up. */
  async create(xml: string, options: Switches<typeof bits.snapshot> = {}): Promise<Snapshot> {
    const flags = mask(bits.snapshot, options);
    const args = { domain: this.#domain, xml, flags };
    return new Snapshot(this.#caller, (await this.#caller.call(remote.snapshotCreate, args, LONG)).snapshot);
  }

  /** Rejects with LibvirtError `no-snapshot` when there is none of that name. */
  async lookup(name: string): Promise<Snapshot> {
    const { snapshot } = await this.#caller.call(remote.snapshotLookup, { domain: this.#domain, name, flags: 0 });
    return new Snapshot(this.#caller, snapshot);
  }

  async list(): Promise<readonly Snapshot[]> {
    const args = { domain: this.#domain, wantResults: true, flags: 0 };
    const { snapshots } = await this.#caller.call(remote.snapshotList, args);
    return snapshots.map((ref) => new Snapshot(this.#caller, ref));
  }
}

const LONG = { timeoutMs: 600_000 };
