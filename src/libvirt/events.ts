import type { Codec, DomainRef, Fields, Shape, TypedParam } from "./codecs.ts";
import { decode, domainRef, i32, list, optional, size, string, struct, typedParam } from "./codecs.ts";
import type { Domain } from "./domain.ts";
import type { BlockJobStatus, BlockJobType, LifecycleEvent } from "./flags.ts";
import { blockJobStatuses, blockJobTypes, lifecycleDetails, lifecycleEvents, word } from "./flags.ts";

/** What a guest did. Every payload has `domain`; its `id` is the one at the time of the event. */
export interface EventPayloads {
  /** Defined, started, stopped…; `detail` says why, e.g. stopped by `shutdown`, `destroyed` or `crashed`. */
  lifecycle: { event: LifecycleEvent | `unknown-${number}`; detail: string };
  /** The guest rebooted itself. */
  reboot: object;
  watchdog: { action: string };
  /** A disk failed. `action` is what happened to the guest: `pause`, `report` or `none`; `reason` is e.g. `enospc`. */
  "io-error": { path: string; device: string; action: string; reason: string };
  /** Somebody connected to or left the graphical console. */
  graphics: { phase: string; remoteAddress: string; remotePort: string; authScheme: string };
  /** `disk` is the target name such as `vda`. */
  "block-job": { disk: string; type: BlockJobType | `unknown-${number}`; status: BlockJobStatus | `unknown-${number}` };
  "tray-change": { device: string; open: boolean };
  /** Memory left to the guest, KiB. */
  "balloon-change": { memoryKiB: number };
  /** The guest let go of a device; `device` is its alias in the XML. */
  "device-removed": { device: string };
  /** The guest refused to let go. */
  "device-removal-failed": { device: string };
  "device-added": { device: string };
  /** The agent inside the guest came or went. */
  "agent-lifecycle": { connected: boolean; reason: string };
  /** Save, dump or migration ended. */
  "job-completed": { params: readonly TypedParam[] };
  "metadata-change": { type: string; uri: string | null };
}
export type EventName = keyof EventPayloads;
export type EventOf<E extends EventName> = EventPayloads[E] & { readonly domain: Domain };
export type Listener<E extends EventName> = (event: EventOf<E>) => void;

interface EventKind {
  /** The number to register for. */
  readonly id: number;
  /** The number of the message that then comes. */
  readonly procedure: number;
  decode(payload: Buffer): { domain: DomainRef; fields: object };
}

/** Every message starts with the callback's id (0 is a valid one) and all but a few go on with the guest. */
function kind<F extends Fields, P extends object>(
  id: number,
  procedure: number,
  fields: F,
  view: (message: Shape<F>) => P,
): EventKind & { readonly payload?: P } {
  const head = struct({ callbackId: i32, domain: domainRef });
  const body = struct(fields);
  const whole: Codec<{ domain: DomainRef; fields: P }> = {
    write: () => {
      throw new TypeError("events only come from the daemon");
    },
    read: (reader) => {
      const { domain } = head.read(reader);
      return { domain, fields: view(body.read(reader)) };
    },
  };
  return { id, procedure, decode: (payload) => decode(whole, payload) };
}

const address = struct({ family: i32, node: string, service: string });
const watchdogActions = ["none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi"];
const ioErrorActions = ["none", "pause", "report"];
const graphicsPhases = ["connect", "initialize", "disconnect"];
const metadataTypes = ["description", "title", "element"];

/** The kinds this client registers for, all of them, as soon as it is connected. */
export const eventKinds: { readonly [E in EventName]: EventKind & { readonly payload?: EventPayloads[E] } } = {
  lifecycle: kind(0, 318, { event: i32, detail: i32 }, (m) => {
    const event = lifecycleEvents[m.event];
    return event === undefined
      ? { event: `unknown-${m.event}` as const, detail: `unknown-${m.detail}` }
      : { event, detail: word(lifecycleDetails[event], m.detail) };
  }),
  reboot: kind(1, 319, {}, () => ({})),
  watchdog: kind(3, 321, { action: i32 }, (m) => ({ action: word(watchdogActions, m.action) })),
  graphics: kind(
    5,
    323,
    {
      phase: i32,
      local: address,
      remote: address,
      authScheme: string,
      subject: list(struct({ type: string, name: string }), 20),
    },
    (m) => ({
      phase: word(graphicsPhases, m.phase),
      remoteAddress: m.remote.node,
      remotePort: m.remote.service,
      authScheme: m.authScheme,
    }),
  ),
  "io-error": kind(6, 324, { path: string, device: string, action: i32, reason: string }, (m) => ({
    ...m,
    action: word(ioErrorActions, m.action),
  })),
  "tray-change": kind(10, 328, { device: string, reason: i32 }, (m) => ({ device: m.device, open: m.reason === 0 })),
  "balloon-change": kind(13, 331, { memoryKiB: size }, (m) => m),
  "device-removed": kind(15, 333, { device: string }, (m) => m),
  "block-job": kind(16, 339, { disk: string, type: i32, status: i32 }, (m) => ({
    disk: m.disk,
    type: blockJobTypes[m.type] ?? (`unknown-${m.type}` as const),
    status: blockJobStatuses[m.status] ?? (`unknown-${m.status}` as const),
  })),
  "agent-lifecycle": kind(18, 348, { state: i32, reason: i32 }, (m) => ({
    connected: m.state === 1,
    reason: word(["unknown", "domain-started", "channel"], m.reason),
  })),
  "device-added": kind(19, 354, { device: string }, (m) => m),
  "job-completed": kind(21, 363, { params: list(typedParam, 64) }, (m) => m),
  "device-removal-failed": kind(22, 367, { device: string }, (m) => m),
  "metadata-change": kind(23, 379, { type: i32, uri: optional(string) }, (m) => ({
    type: word(metadataTypes, m.type),
    uri: m.uri,
  })),
};

const byProcedure: ReadonlyMap<number, EventName> = new Map(
  Object.entries(eventKinds).map(([name, { procedure }]) => [procedure, name as EventName]),
);

export interface DecodedEvent {
  readonly name: EventName;
  readonly domain: DomainRef;
  readonly fields: object;
}

/** Decodes an event message; undefined for a kind this client did not ask for. */
export function decodeEvent(procedure: number, payload: Buffer): DecodedEvent | undefined {
  const name = byProcedure.get(procedure);
  return name === undefined ? undefined : { name, ...eventKinds[name].decode(payload) };
}

/** Listeners by event; one that throws does not keep the others from hearing. */
export class Listeners {
  readonly #lists = new Map<EventName, Set<(event: never) => void>>();
  readonly #onError: (name: EventName, error: unknown) => void;

  constructor(onError: (name: EventName, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Adds a listener; the result takes it away again. The same function may be added twice. */
  add<E extends EventName>(name: E, listener: Listener<E>): () => void {
    const entry = (event: EventOf<E>): void => listener(event);
    const set = this.#lists.get(name) ?? new Set();
    this.#lists.set(name, set.add(entry));
    return () => void set.delete(entry);
  }

  emit<E extends EventName>(name: E, event: EventOf<E>): void {
    for (const listener of [...(this.#lists.get(name) ?? [])]) {
      try {
        (listener as Listener<E>)(event);
      } catch (error) {
        this.#onError(name, error);
      }
    }
  }
}
