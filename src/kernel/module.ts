import type { RemoteInfo } from "node:dgram";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Authenticator } from "./auth/context.ts";
import type { ServiceName } from "./config/declaration.ts";
import type { PortSettings, Settings } from "./config/settings.ts";
import type { Database } from "./db/database.ts";
import type { Eventually } from "./db/eventually.ts";
import type { Migration } from "./db/migrations.ts";
import type { Changes, WatchedTable } from "./events/changes.ts";
import { type EventBus, eventMigrations } from "./events/events.ts";
import type { Call } from "./http/perform.ts";
import type { AnyRoute, ApiFamily } from "./http/route.ts";
import type { Logger } from "./log/logger.ts";
import { type Operations, operationMigrations } from "./operations/operations.ts";
import type { Policies, PolicyTable, ScopesOf, TokenScope } from "./policy/policy.ts";
import { quotaMigrations } from "./quota/quota.ts";
import type { Clock } from "./time/clock.ts";
import { type Tracer, traceMigrations } from "./trace/trace.ts";
import type { Turns } from "./turns/turns.ts";
import { type Warnings, warningMigrations } from "./warnings/warnings.ts";

/**
 * Service name → the verbs other services may call. Each service adds its own in its facade.ts:
 * `declare module "../../kernel/module.ts" { interface Facades { image: ImageFacade } }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Facades {}

/** What every service stands on. One per cloud; nothing of it is global. */
export interface Kernel {
  readonly settings: Settings;
  readonly db: Database;
  readonly clock: Clock;
  readonly tracer: Tracer;
  readonly turns: Turns;
  readonly log: Logger;
  readonly events: EventBus;
  readonly changes: Changes;
  readonly operations: Operations;
  readonly eventually: Eventually;
  readonly policies: Policies;
  readonly warnings: Warnings;
  readonly authenticator: Authenticator;
  /** Where every service of this cloud answers, for the catalog. */
  readonly endpoints: readonly { readonly service: string; readonly endpoint: ServiceEndpoint }[];
  /** Of services that are switched off: the catalog tells nothing of them. */
  readonly absentEndpoints: Kernel["endpoints"];
  /** Whether the service is part of this cloud. */
  has(name: keyof Facades): boolean;
  /** Another service's verbs. Ask when you need them, not while services are being created. */
  facade<Name extends keyof Facades>(name: Name): Facades[Name];
  /** One record of another service's front, with its policy, schema and errors, as its API would do it for the same user. */
  readonly call: Call;
}

/** A port of `settings.ports` that belongs to one service: "identity" (5000), "identityAdmin" (35357), "compute" (8774), … */
export type ClassicPort = Exclude<keyof PortSettings, "api" | "classic">;

export interface CatalogEntry {
  name: string;
  type: string;
  /** Of the URL, after the prefix; "%(project_id)s" for the project. */
  path: string;
  description: string;
  /** Of a front of the service, where that is meant: "/s3". */
  prefix?: string;
}

/** Where a service answers and what the catalog says of it. */
export interface ServiceEndpoint {
  /** On the one port of all APIs: "/compute". */
  prefix: string;
  /** The ports it has in old tutorials, by their name in settings.ports; there its paths have no prefix. */
  classicPorts: readonly ClassicPort[];
  /** What the catalog tells of it. */
  catalog: readonly CatalogEntry[];
}

/** Something a service found when it looked at itself. */
export interface Problem {
  /** "network-not-applied:<id>" */
  key: string;
  message: string;
  /** What to do about it. */
  hint: string;
}

/**
 * What a service answers at a port of its own, which its declaration names (`ports` of its settings). Opened when the cloud has
 * started, where that port is one of `settings.listening`.
 */
export type ServiceListener = { readonly port: ClassicPort } & (
  | {
      readonly protocol: "http";
      readonly fetch: (request: Request) => Response | Promise<Response>;
      /** Takes web-socket upgrades; without it they are refused. */
      upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
    }
  /** Bytes, never with TLS. */
  | { readonly protocol: "tcp"; serve(socket: Socket): void }
  /** Messages; `reply` sends one back to where this came from, and is not told whether it arrives. */
  | { readonly protocol: "udp"; receive(message: Buffer, from: RemoteInfo, reply: (message: Uint8Array) => void): void }
);

/** How far a service is with bringing things back: "networks", 3 of 10. */
export type Progress = (what: string, done: number, total: number) => void;

/** A running service. */
export interface ServiceInstance<Facade> {
  facade: Facade;
  routes: readonly AnyRoute[];
  /** The records of each of its further fronts, by the front's name. */
  frontRoutes?: Readonly<Record<string, readonly AnyRoute[]>>;
  /** Who tells by a token who calls: one service of the cloud. */
  authenticator?: Authenticator;
  /** What it answers at ports of its own, beside its fronts. */
  listeners?(): readonly ServiceListener[];
  /** Makes what `stack` leaves behind (users, flavors, networks). Idempotent: it runs at each stack. */
  seed?(): Promise<void> | void;
  /** What must be before anybody asks, however much there is: quickly. Runs at every start, before listening and before operations resume. */
  prepare?(): Promise<void> | void;
  /**
   * Brings the host in line with the database, at every start. The API is open meanwhile and operations run: what must not be touched
   * before has been held in `prepare` (Operations.hold). Ends early when `signal` says that the process does.
   */
  reconcile?(progress: Progress, signal: AbortSignal): Promise<void> | void;
  /** What is not as it should be, between its rows and with the host: for `tenrec doctor`. Changes nothing. */
  examine?(): Promise<readonly Problem[]> | readonly Problem[];
  /** Long-lived work (sockets, timers) begins; after prepare. */
  start?(): Promise<void> | void;
  stop?(): Promise<void> | void;
}

/** Which tokens a service's policies take, while ENFORCE_NEW_DEFAULTS of the service is on. */
export interface ServiceScopes {
  readonly switch: ServiceName;
  /** Where the role admin makes an administrator of the service; elsewhere it opens nothing that is another's. */
  readonly admins: readonly TokenScope[];
  readonly of: ScopesOf;
}

/** Most services are for projects: tokens of domains and of the system are for the identity service. */
export const forProjects = (service: ServiceScopes["switch"], of: ScopesOf = () => ["project"]): ServiceScopes => ({
  switch: service,
  admins: ["project"],
  of,
});

/** Null where they are not enforced. */
export function enforcedScopes({ scopes }: Pick<Front, "scopes">, settings: Settings): ServiceScopes | null {
  return scopes !== undefined && settings.newDefaults.includes(scopes.switch) ? scopes : null;
}

/** One way into the cloud: where it answers and how it speaks there. */
export interface Front {
  /** Unique in the cloud: a service's own, or "<service>-<dialect>". */
  name: string;
  endpoint: ServiceEndpoint;
  api: ApiFamily;
  /** Which tokens it takes. Absent: of any scope. */
  scopes?: ServiceScopes;
}

export interface ServiceDefinition<Name extends keyof Facades, Drivers> {
  name: Name;
  endpoint: ServiceEndpoint;
  api: ApiFamily;
  /** Other dialects of the same service (docs/architecture.md, "How to add a dialect"). */
  fronts?: readonly Front[];
  policies: PolicyTable;
  /** Absent: tokens of any scope. */
  scopes?: ServiceScopes;
  /** Its ENFORCE_NEW_DEFAULTS, when it is off, brings the rules back that knew no readers (policy.ts, withOlder). */
  olderRules?: boolean;
  migrations: readonly Migration[];
  /** Of whose rows people are told when they change. */
  watched?: readonly WatchedTable[];
  /** Builds it. Must not touch database rows or the host: that is seed's, reconcile's and start's. */
  create(kernel: Kernel, drivers: Drivers): ServiceInstance<Facades[Name]>;
}

/** A definition whose drivers have been given; what app.ts and main.ts handle. */
export interface Service extends Front {
  fronts: readonly Front[];
  olderRules?: boolean;
  policies: PolicyTable;
  migrations: readonly Migration[];
  watched: readonly WatchedTable[];
  create(kernel: Kernel): ServiceInstance<unknown>;
}

/** The one way to make a service: `export const compute = defineService({...})`, then `compute(drivers)` in main.ts. */
export function defineService<Name extends keyof Facades, Drivers = void>(
  definition: ServiceDefinition<Name, Drivers>,
): (drivers: Drivers) => Service {
  return (drivers) => ({
    name: definition.name,
    endpoint: definition.endpoint,
    api: definition.api,
    fronts: definition.fronts ?? [],
    policies: definition.policies,
    ...(definition.scopes === undefined ? {} : { scopes: definition.scopes }),
    ...(definition.olderRules === undefined ? {} : { olderRules: definition.olderRules }),
    migrations: definition.migrations,
    watched: definition.watched ?? [],
    create: (kernel) => definition.create(kernel, drivers),
  });
}

export const kernelMigrations: readonly Migration[] = [
  ...eventMigrations,
  ...operationMigrations,
  ...traceMigrations,
  ...quotaMigrations,
  ...warningMigrations,
];
