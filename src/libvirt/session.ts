import { type CallOptions, Channel, DEFAULT_CALL_TIMEOUT_MS } from "./channel.ts";
import { LibvirtConnectionError, LibvirtError, messageOf } from "./errors.ts";
import { type DecodedEvent, decodeEvent, eventKinds } from "./events.ts";
import { program } from "./frame.ts";
import { type Log, silent } from "./log.ts";
import { CONNECTION_CLOSED_EVENT, type Procedure, remote } from "./procedures.ts";
import type { LibvirtStream, StreamOptions } from "./streams.ts";

export interface ConnectOptions {
  /** The daemon's unix socket, e.g. `/run/libvirt/libvirt-sock`. */
  readonly socketPath: string;
  /** Which hypervisor, e.g. `qemu:///system`, `qemu:///session` or `test:///default`. */
  readonly uri: string;
  readonly log?: Log;
  /** Milliseconds a call may take unless it says otherwise. Default 60,000. */
  readonly callTimeoutMs?: number;
  /** Milliseconds for connecting and opening. Default 20,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds between attempts to connect again after a loss, doubling from `min` to `max`; false gives up instead. */
  readonly reconnect?: { readonly minMs: number; readonly maxMs: number } | false;
  /** A daemon silent for `count` intervals is taken for dead. Default 5 × 5,000 ms; false sends no pings. */
  readonly keepalive?: { readonly intervalMs: number; readonly count: number } | false;
  /** Wraps every call (not streams), for tracing: must run `run` once and answer what it answers. */
  readonly observe?: <R>(call: { readonly name: string; readonly args: unknown }, run: () => Promise<R>) => Promise<R>;
}

/** `reconnecting`: no call works now, attempts go on. `closed`: for ever. `error` says what was lost. */
export interface ConnectionChange {
  readonly state: "connected" | "reconnecting" | "closed";
  readonly error?: LibvirtConnectionError;
}

/** What the objects of this library need of a connection. */
export interface Caller {
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R>;
  openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options?: CallOptions & StreamOptions,
  ): Promise<{ result: R; stream: LibvirtStream }>;
}

const feature = { keepalive: 10, eventCallbacks: 14, closeCallback: 15 } as const;
const auth = { none: 0, polkit: 2 } as const;

/** A connection that comes back: opens channels one after another, and registers for events on each. */
export class Session implements Caller {
  readonly #options: ConnectOptions;
  readonly #log: Log;
  readonly #emit: (event: DecodedEvent) => void;
  readonly #watchers = new Set<(change: ConnectionChange) => void>();
  #channel: Channel | undefined;
  #opening: Channel | undefined;
  #state: ConnectionChange = { state: "reconnecting" };
  #retry: NodeJS.Timeout | undefined;
  #attempts = 0;

  private constructor(options: ConnectOptions, emit: (event: DecodedEvent) => void) {
    this.#options = options;
    this.#log = options.log ?? silent;
    this.#emit = emit;
  }

  /** Connects for the first time; rejects when that fails, and does not try again then. */
  static async open(options: ConnectOptions, emit: (event: DecodedEvent) => void): Promise<Session> {
    const session = new Session(options, emit);
    await session.#establish();
    return session;
  }

  get state(): ConnectionChange["state"] {
    return this.#state.state;
  }

  async call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R> {
    const run = async () => this.#usable(procedure.name).call(procedure, args, options);
    const { observe } = this.#options;
    return observe === undefined ? run() : observe({ name: procedure.name, args }, run);
  }

  async openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options?: CallOptions & StreamOptions,
  ): Promise<{ result: R; stream: LibvirtStream }> {
    return this.#usable(procedure.name).openStream(procedure, args, options);
  }

  watch(watcher: (change: ConnectionChange) => void): () => void {
    const entry = (change: ConnectionChange): void => watcher(change);
    this.#watchers.add(entry);
    return () => void this.#watchers.delete(entry);
  }

  /** Says goodbye and stops for ever. Calls under way fail. */
  async close(): Promise<void> {
    if (this.#state.state === "closed") return;
    clearTimeout(this.#retry);
    const channel = this.#channel;
    this.#channel = undefined;
    this.#change({ state: "closed" });
    this.#opening?.close();
    if (channel === undefined) return;
    // Politeness only: the daemon also notices a closed socket.
    await channel.call(remote.connectClose, {}, { timeoutMs: 1000 }).catch(() => {});
    channel.close();
  }

  #usable(procedure: string): Channel {
    if (this.#channel !== undefined) return this.#channel;
    const why =
      this.#state.error === undefined ? this.#state.state : `${this.#state.state}: ${this.#state.error.message}`;
    throw new LibvirtConnectionError(`${procedure}: not connected to libvirt (${why})`, { cause: this.#state.error });
  }

  async #establish(): Promise<void> {
    let channel: Channel | undefined;
    // Events and the end of the channel can only come once there is one.
    channel = await Channel.open({
      socketPath: this.#options.socketPath,
      log: this.#log,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 20_000,
      callTimeoutMs: this.#options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
      onEvent: (programId, procedure, payload) => this.#onEvent(channel, programId, procedure, payload),
      onClose: (error) => this.#onClose(channel, error),
    });
    this.#opening = channel;
    try {
      await this.#handshake(channel);
      // Either may have happened in the very moment the handshake ended.
      if (this.#state.state === "closed" || channel.closed)
        throw new LibvirtConnectionError("the libvirt connection was closed");
    } catch (error) {
      channel.close();
      throw error;
    } finally {
      this.#opening = undefined;
    }
    this.#channel = channel;
    this.#attempts = 0;
    this.#change({ state: "connected" });
  }

  /** Authentication is first, whatever the kind; then the hypervisor, then what the daemon is asked to tell us. */
  async #handshake(channel: Channel): Promise<void> {
    const options = { timeoutMs: this.#options.connectTimeoutMs ?? 20_000 };
    const { types } = await channel.call(remote.authList, {}, options);
    // root is always offered "none" on the unix socket; others may have to pass polkit.
    if (types.includes(auth.polkit) && !types.includes(auth.none)) await channel.call(remote.authPolkit, {}, options);
    else if (types.length > 0 && !types.includes(auth.none))
      throw new LibvirtConnectionError(
        `libvirt wants authentication of a kind this client lacks (${types.join(", ")})`,
      );
    await channel.call(remote.connectOpen, { uri: this.#options.uri, flags: 0 }, options);
    const supports = async (number: number): Promise<boolean> =>
      (await channel.call(remote.supportsFeature, { feature: number }, options)).supported;
    // Asking for keepalive is also what makes the daemon start to ping us.
    const ping = this.#options.keepalive ?? { intervalMs: 5000, count: 5 };
    if (ping !== false && (await supports(feature.keepalive))) channel.startKeepalive(ping.intervalMs, ping.count);
    if (!(await supports(feature.eventCallbacks)))
      throw new LibvirtConnectionError("this libvirt is too old: it lacks event callbacks");
    if (await supports(feature.closeCallback)) await channel.call(remote.registerCloseCallback, {}, options);
    await Promise.all(
      Object.entries(eventKinds).map(async ([name, kind]) => {
        try {
          await channel.call(remote.registerDomainEvent, { event: kind.id, domain: null }, options);
        } catch (error) {
          // A driver may lack a kind of event; that is no reason to do without the others.
          if (!(error instanceof LibvirtError)) throw error;
          this.#log.debug("libvirt does not offer this event", { event: name, reason: error.message });
        }
      }),
    );
  }

  #onEvent(channel: Channel | undefined, programId: number, procedure: number, payload: Buffer): void {
    if (programId !== program.remote) return;
    if (procedure === CONNECTION_CLOSED_EVENT)
      channel?.close(new LibvirtConnectionError("libvirt lost its connection to the hypervisor"));
    const event = decodeEvent(procedure, payload);
    if (event !== undefined) this.#emit(event);
  }

  #onClose(channel: Channel | undefined, error: LibvirtConnectionError): void {
    // A channel that never came into use reports through the promise of its handshake.
    if (channel === undefined || channel !== this.#channel) return;
    this.#channel = undefined;
    this.#log.warn("libvirt connection lost", { reason: error.message });
    this.#change({ state: this.#options.reconnect === false ? "closed" : "reconnecting", error });
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    if (this.#state.state === "closed") return;
    const { minMs, maxMs } = this.#options.reconnect || { minMs: 100, maxMs: 5000 };
    const delay = Math.min(maxMs, minMs * 2 ** Math.min(this.#attempts, 20));
    this.#attempts += 1;
    this.#retry = setTimeout(() => {
      this.#establish().then(
        () => this.#log.info("libvirt connection is back"),
        (error: unknown) => {
          this.#log.debug("cannot reconnect to libvirt yet", { reason: messageOf(error), attempt: this.#attempts });
          this.#scheduleRetry();
        },
      );
    }, delay);
  }

  #change(change: ConnectionChange): void {
    this.#state = change;
    for (const watcher of [...this.#watchers]) {
      try {
        watcher(change);
      } catch (error) {
        this.#log.error("a connection listener failed", { reason: messageOf(error) });
      }
    }
  }
}
