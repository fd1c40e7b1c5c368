import { Hono } from "hono";
import type { Cloud } from "../kernel/kernel.ts";
import type { DaemonHealth, DaemonStatus } from "./protocol.ts";

export interface ControlOptions {
  version: string;
  urls: () => Record<string, string>;
  isReady: () => boolean;
  /** Looks at the ports' certificate now; nothing where they speak plain HTTP. */
  renewCertificate: () => Promise<void>;
  stop: () => void;
}

/** What the daemon tells and does for `tenrec` commands on the same box, over a unix socket that only root may open. */
export function controlApp(cloud: Cloud, options: ControlOptions): Hono {
  const app = new Hono();
  const { kernel } = cloud;
  const startedAt = kernel.clock.now();
  const started = { wall: startedAt, monotonic: performance.now() };

  const status = (): DaemonStatus => {
    return {
      pid: process.pid,
      ready: options.isReady(),
      progress: cloud.progress(),
      version: options.version,
      startedAt,
      urls: options.urls(),
      services: cloud.services.map(({ definition }) => definition.name),
      warnings: kernel.warnings.list(),
      memoryBytes: process.memoryUsage.rss(),
      loopDelay: kernel.turns.delay.read(),
    };
  };
  app.get("/status", (context) => context.json(status()));
  app.get("/health", async (context) => context.json({ ...(await health(cloud, started)), status: status() }));

  app.post("/seed", async (context) => {
    await cloud.seed();
    return context.json({});
  });

  app.post("/certificate", async (context) => {
    await options.renewCertificate();
    return context.json({});
  });

  app.get("/trace/:request_id", (context) => context.json(kernel.tracer.read(context.req.param("request_id"))));

  app.post("/stop", (context) => {
    // After this answer is out.
    setImmediate(options.stop);
    return context.json({});
  });

  app.onError((error, context) => {
    kernel.log.error(`control: ${context.req.method} ${context.req.path} failed: ${error.message}`, error);
    return context.json({ error: error.message }, 500);
  });
  return app;
}

async function health(
  { kernel, services }: Cloud,
  started: { wall: number; monotonic: number },
): Promise<Omit<DaemonHealth, "status">> {
  const { db, clock } = kernel;
  const now = clock.now();
  const rows = db
    .prepare<[], { kind: string; resource: string; state: "running" | "undoing"; updated_at: number }>(
      "SELECT kind, resource, state, updated_at FROM operations WHERE state IN ('running', 'undoing') ORDER BY sequence",
    )
    .all();
  const problems = await Promise.all(services.map(({ instance }) => instance.examine?.() ?? []));
  return {
    integrity: db.raw.pragma("quick_check(1)", { simple: true }) as string,
    databaseBytes:
      (db.raw.pragma("page_count", { simple: true }) as number) *
      (db.raw.pragma("page_size", { simple: true }) as number),
    operations: rows
      .filter(({ kind }) => !kernel.operations.waits(kind))
      .map(({ kind, resource, state, updated_at }) => ({ kind, resource, state, age: now - updated_at })),
    clockDrift: Math.round(now - started.wall - (performance.now() - started.monotonic)),
    problems: problems.flat(),
  };
}
