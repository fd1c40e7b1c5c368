import type { Authenticator } from "./auth/context.ts";
import type { ServiceDeclaration } from "./config/declaration.ts";
import type { Settings } from "./config/settings.ts";
import type { Database } from "./db/database.ts";
import { Eventually } from "./db/eventually.ts";
import { type Migration, migrate } from "./db/migrations.ts";
import { isUnwritable } from "./db/unwritable.ts";
import { messageOf } from "./errors.ts";
import { Changes } from "./events/changes.ts";
import { EventBus } from "./events/events.ts";
import { Records } from "./http/perform.ts";
import { Logger, type LogLevel, type LogSink } from "./log/logger.ts";
import {
  enforcedScopes,
  type Facades,
  type Front,
  type Kernel,
  kernelMigrations,
  type Progress,
  type Service,
  type ServiceInstance,
} from "./module.ts";
import { Operations } from "./operations/operations.ts";
import { Policies } from "./policy/policy.ts";
import { type Clock, systemClock } from "./time/clock.ts";
import { Tracer } from "./trace/trace.ts";
import { Turns } from "./turns/turns.ts";
import { Warnings } from "./warnings/warnings.ts";

export interface CloudOptions {
  settings: Settings;
  db: Database;
  services: readonly Service[];
  /** Of what stands beside the services. */
  migrations?: readonly Migration[];
  /** Services that are switched off: what they have in the database waits until they are there again. */
  leftOut?: readonly Pick<ServiceDeclaration, "name" | "endpoint">[];
  sink: LogSink;
  logLevel?: LogLevel;
  clock?: Clock;
  /** Given by who needs it before the cloud is there (the host layer). */
  tracer?: Tracer;
}

/** How far a service is with the things it brings back at a start. */
export interface ServiceProgress {
  service: string;
  /** "guests" */
  what: string;
  done: number;
  total: number;
}

/** A cloud that is put together but does not listen. */
export interface Cloud {
  kernel: Kernel;
  /** In the order they were given, which is the order they are seeded, reconciled and started in. */
  services: readonly { definition: Service; instance: ServiceInstance<unknown> }[];
  /** Every way in, services' own and their further dialects, with its records. */
  fronts: readonly { front: Front; records: Records }[];
  /**
   * From here on requests may come: resumes operations, delivers waiting events, starts background work, and begins to bring the host
   * in line with the database. `listen`: opens the ports.
   */
  open(listen?: () => Promise<void>): Promise<void>;
  /** What `open` does, and waits until everything is as the database says. Errors: of the service that could not. */
  start(): Promise<void>;
  /** What is still being brought in line with the database; empty when nothing is. */
  progress(): readonly ServiceProgress[];
  /** Makes what a fresh cloud has; idempotent. */
  seed(): Promise<void>;
  /** Ends background work and waits for steps under way. Does not close the database. */
  stop(): Promise<void>;
}

/** Migrates the database and creates every service over one kernel. */
export function createCloud(options: CloudOptions): Cloud {
  const { settings, db } = options;
  const clock = options.clock ?? systemClock;
  const absent = options.leftOut ?? [];
  const leftOut = absent.map(({ name }) => name);
  const migrations = [
    ...kernelMigrations,
    ...options.services.flatMap((service) => service.migrations),
    ...(options.migrations ?? []),
  ];
  migrate(db, migrations, clock.now(), leftOut);

  const tracer = options.tracer ?? new Tracer(db, clock);
  const level = options.logLevel ?? "info";
  const log = new Logger("tenrec", { sink: options.sink, level, requestId: () => tracer.requestId });
  const turns = new Turns();
  const facades = new Map<string, unknown>();
  const facade = <Name extends keyof Facades>(name: Name): Facades[Name] => {
    if (!facades.has(name)) throw new Error(`the ${name} service is not part of this cloud`);
    return facades.get(name) as Facades[Name];
  };
  const kernel: Kernel = {
    settings,
    db,
    clock,
    tracer,
    turns,
    log,
    changes: new Changes(
      db,
      options.services.flatMap(({ watched }) => watched),
    ),
    events: new EventBus({ db, clock, tracer, turns, log: log.named("events") }),
    operations: new Operations({ db, clock, tracer, turns, log: log.named("operations"), leftOut }),
    eventually: new Eventually(log.named("database")),
    policies: new Policies(),
    warnings: new Warnings(db, clock),
    authenticator: {
      authenticate: (token) => authenticator().authenticate(token),
      get challenge() {
        return authenticator().challenge ?? "";
      },
    },
    endpoints: options.services.flatMap((service) =>
      [service, ...service.fronts].map(({ name, endpoint }) => ({ service: name, endpoint })),
    ),
    absentEndpoints: absent.map(({ name, endpoint }) => ({ service: name, endpoint })),
    has: (name) => options.services.some((service) => service.name === name),
    facade,
    async call(name, record, context, input) {
      const found = fronts.find(({ front }) => front.name === name);
      if (found === undefined) throw new Error(`the ${name} service is not part of this cloud`);
      return found.records.call(record, context, input);
    },
  };

  const services = options.services.map((definition) => {
    const { olderRules } = definition;
    const older = olderRules === true && !settings.newDefaults.some((name) => name === definition.name);
    kernel.policies.register(definition.policies, enforcedScopes(definition, settings)?.of, older);
    const instance = definition.create(kernel);
    facades.set(definition.name, instance.facade);
    return { definition, instance };
  });
  const fronts = services.flatMap(({ definition, instance }) => [
    { front: definition, records: new Records(definition, instance.routes, kernel) },
    ...definition.fronts.map((front) => ({
      front,
      records: new Records(front, instance.frontRoutes?.[front.name] ?? [], kernel),
    })),
  ]);

  const authenticator = (): Authenticator => {
    const found = services.find(({ instance }) => instance.authenticator !== undefined)?.instance.authenticator;
    if (found === undefined) throw new Error("no service of this cloud tells who calls");
    return found;
  };

  const progress = new Map<string, ServiceProgress>();
  const stopping = new AbortController();
  let reconciled = Promise.resolve();

  async function open(listen?: () => Promise<void>): Promise<void> {
    for (const { instance } of services) await instance.prepare?.();
    kernel.operations.resume();
    kernel.events.redeliver();
    for (const { instance } of services) await instance.start?.();
    // First, as what comes then is work for as long as nobody asks.
    await listen?.();
    // Beside each other: guests wait for their networks, not for all.
    reconciled = Promise.all(services.map(reconcile)).then(() => {});
    reconciled.catch(() => {});
  }

  async function reconcile({ definition: { name }, instance }: (typeof services)[number]): Promise<void> {
    const report: Progress = (what, done, total) => {
      if (done < total) progress.set(name, { service: name, what, done, total });
      else progress.delete(name);
    };
    const key = `not-reconciled:${name}`;
    try {
      await instance.reconcile?.(report, stopping.signal);
      kernel.warnings.resolve(key);
    } catch (error) {
      log.error(`${name} could not bring everything back: ${messageOf(error)}`, error);
      if (!isUnwritable(error))
        kernel.warnings.raise(
          key,
          `the ${name} service could not bring everything back: ${messageOf(error)}`,
          `tenrec logs ${name} tells why; the next start tries again`,
        );
      throw error;
    } finally {
      progress.delete(name);
    }
  }

  return {
    kernel,
    services,
    fronts,
    open,
    async start() {
      await open();
      await reconciled;
    },
    progress: () => [...progress.values()],
    async seed() {
      for (const { instance } of services) await instance.seed?.();
    },
    async stop() {
      stopping.abort();
      await reconciled.catch(() => {});
      for (const { instance } of [...services].reverse()) await instance.stop?.();
      await kernel.operations.stop();
      await kernel.events.stop();
      await kernel.eventually.stop();
      tracer.flush();
      turns.delay.stop();
    },
  };
}
