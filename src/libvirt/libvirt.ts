import type { CallOptions } from "./channel.ts";
import type { DomainRef, TypedValue } from "./codecs.ts";
import { Domain, type DomainContext } from "./domain.ts";
import { isLibvirtError, LibvirtConnectionError, LibvirtTimeoutError, messageOf } from "./errors.ts";
import { type EventName, type EventOf, type Listener, Listeners } from "./events.ts";
import { bits, mask, type StatsGroup, statsGroups } from "./flags.ts";
import { Host } from "./host.ts";
import { silent } from "./log.ts";
import { paramsToObject } from "./params.ts";
import { type Procedure, remote } from "./procedures.ts";
import { Secrets } from "./secrets.ts";
import { type ConnectionChange, type ConnectOptions, Session } from "./session.ts";
import type { LibvirtStream, StreamOptions } from "./streams.ts";

export interface DomainStats {
  readonly domain: Domain;
  readonly stats: Readonly<Record<string, TypedValue>>;
}

/** Finding and making guests. */
export class Domains {
  readonly #context: DomainContext;

  constructor(context: DomainContext) {
    this.#context = context;
  }

  /** Every guest, or those that match; two words of one pair (`active`, `inactive`) mean either. */
  async list(
    filter: {
      active?: boolean;
      inactive?: boolean;
      persistent?: boolean;
      transient?: boolean;
      running?: boolean;
      paused?: boolean;
      shutOff?: boolean;
    } = {},
  ): Promise<readonly Domain[]> {
    const args = { wantResults: true, flags: mask(bits.list, filter) };
    return (await this.#context.call(remote.listDomains, args)).domains.map((ref) => this.#domain(ref));
  }

  /** Rejects with LibvirtError `no-domain` when there is none; so do the other two. */
  async lookupByUuid(uuid: string): Promise<Domain> {
    return this.#domain((await this.#context.call(remote.lookupByUuid, { uuid })).domain);
  }

  async lookupByName(name: string): Promise<Domain> {
    return this.#domain((await this.#context.call(remote.lookupByName, { name })).domain);
  }

  async lookupById(id: number): Promise<Domain> {
    return this.#domain((await this.#context.call(remote.lookupById, { id })).domain);
  }

  /** As `lookupByUuid`, with null when there is no such guest. */
  async findByUuid(uuid: string): Promise<Domain | null> {
    try {
      return await this.lookupByUuid(uuid);
    } catch (error) {
      if (isLibvirtError(error, "no-domain")) return null;
      throw error;
    }
  }

  /** Stores a `<domain>` XML, or replaces the definition of that UUID; does not start it. */
  async define(xml: string, options: { validate?: boolean } = {}): Promise<Domain> {
    const args = { xml, flags: mask(bits.define, options) };
    // The first definition after the daemon's start probes the emulator, seconds on a slow machine.
    return this.#domain((await this.#context.call(remote.defineXml, args, { timeoutMs: 120_000 })).domain);
  }

  /** Starts a guest that is forgotten as soon as it stops. */
  async createTransient(xml: string, options: { paused?: boolean } = {}): Promise<Domain> {
    const args = { xml, flags: mask(bits.start, options) };
    return this.#domain((await this.#context.call(remote.createXml, args, { timeoutMs: 300_000 })).domain);
  }

  /** Counters of all guests at once (`active` only, or all); `noWait` skips what a busy guest cannot tell now. */
  async stats(
    groups: readonly StatsGroup[] = [],
    filter: { active?: boolean; inactive?: boolean; noWait?: boolean; backing?: boolean } = {},
    options?: CallOptions,
  ): Promise<readonly DomainStats[]> {
    const wanted = groups.reduce((sum, group) => sum | statsGroups[group], 0);
    const args = { domains: [], stats: wanted, flags: mask(bits.statsFilter, filter) };
    const { records } = await this.#context.call(remote.allDomainStats, args, options);
    return records.map(({ domain, params }) => ({ domain: this.#domain(domain), stats: paramsToObject(params) }));
  }

  #domain(ref: DomainRef): Domain {
    return new Domain(this.#context, ref);
  }
}

/** A connection to a libvirt daemon that is made again when it is lost. */
export class Libvirt implements DomainContext {
  readonly host: Host;
  readonly domains: Domains;
  readonly secrets: Secrets;
  readonly #session: Session;
  readonly #listeners: Listeners;

  /** Use `connect`. */
  constructor(session: Session, listeners: Listeners) {
    this.#session = session;
    this.#listeners = listeners;
    this.host = new Host(this);
    this.domains = new Domains(this);
    this.secrets = new Secrets(this);
  }

  /** Whether calls work right now. */
  get state(): ConnectionChange["state"] {
    return this.#session.state;
  }

  /**
   * Hears an event of all guests; the result stops it. The daemon is registered with from the start, so whatever
   * happens after a call of `on` is heard, except while the connection is down: after a reconnect, look at states anew.
   */
  on<E extends EventName>(name: E, listener: Listener<E>): () => void {
    return this.#listeners.add(name, listener);
  }

  /** The first event for which `matches` is true; rejects with LibvirtTimeoutError. */
  async waitFor<E extends EventName>(
    name: E,
    matches: (event: EventOf<E>) => boolean,
    options: { timeoutMs: number },
  ): Promise<EventOf<E>> {
    const found = Promise.withResolvers<EventOf<E>>();
    const { timeoutMs } = options;
    const unsubscribe = this.on(name, (event) => {
      if (matches(event)) found.resolve(event);
    });
    const timer = setTimeout(() => found.reject(new LibvirtTimeoutError(`event ${name}`, timeoutMs)), timeoutMs);
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  }

  /** Hears of losing the connection, getting it back, and its end; the result stops it. */
  onConnectionChange(listener: (change: ConnectionChange) => void): () => void {
    return this.#session.watch(listener);
  }

  /** Resolves when calls work (at once, mostly); rejects when closed or after `timeoutMs`. */
  async whenConnected(timeoutMs: number): Promise<void> {
    if (this.state === "connected") return;
    const ready = Promise.withResolvers<void>();
    const closed = (): void => ready.reject(new LibvirtConnectionError("the libvirt connection was closed"));
    const unsubscribe = this.onConnectionChange(({ state }) => {
      if (state === "connected") ready.resolve();
      if (state === "closed") closed();
    });
    if (this.state === "closed") closed();
    const timer = setTimeout(() => ready.reject(new LibvirtTimeoutError("reconnecting", timeoutMs)), timeoutMs);
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  }

  /** A call by its table entry, for what has no method. Rejects at once while the connection is down. */
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R> {
    return this.#session.call(procedure, args, options);
  }

  openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options?: CallOptions & StreamOptions,
  ): Promise<{ result: R; stream: LibvirtStream }> {
    return this.#session.openStream(procedure, args, options);
  }

  /** Ends the connection for good. Guests go on running. */
  close(): Promise<void> {
    return this.#session.close();
  }
}

/**
 * Connects to a daemon's unix socket and opens a hypervisor. Rejects with LibvirtConnectionError when nothing listens,
 * with LibvirtError when the daemon refuses; later losses are repaired in the background (see `onConnectionChange`).
 */
export async function connect(options: ConnectOptions): Promise<Libvirt> {
  const log = options.log ?? silent;
  const listeners = new Listeners((event, error) =>
    log.error("a libvirt event listener failed", { event, reason: messageOf(error) }),
  );
  let libvirt: Libvirt | undefined;
  const session = await Session.open(options, ({ name, domain, fields }) => {
    // Nobody can have subscribed before the caller has the object.
    if (libvirt === undefined) return;
    const event = { ...fields, domain: new Domain(libvirt, domain) };
    listeners.emit(name, event as EventOf<typeof name>);
  });
  libvirt = new Libvirt(session, listeners);
  return libvirt;
}
