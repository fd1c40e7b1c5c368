import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createApps } from "../../../src/app.ts";
import { FakeExec } from "../../../src/host/fake/exec.ts";
import type { Database } from "../../../src/kernel/db/database.ts";
import { type Cloud, createCloud } from "../../../src/kernel/kernel.ts";
import type { LogRecord } from "../../../src/kernel/log/logger.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { FakeComputeDriver } from "../../../src/services/compute/driver/fake.ts";
import { compute } from "../../../src/services/compute/index.ts";
import { identity } from "../../../src/services/identity/index.ts";
import { image } from "../../../src/services/image/index.ts";
import { FakeNetworkDriver } from "../../../src/services/network/driver/fake.ts";
import { network } from "../../../src/services/network/index.ts";
import { orchestration } from "../../../src/services/orchestration/index.ts";
import { placement } from "../../../src/services/placement/index.ts";
import { passwordLogin } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";
import { testSettings } from "../../support/settings.ts";
import type { Outside, Recorder } from "./recorder.ts";

interface Copied {
  guests: [string, unknown][];
  volumes: [string, { sizeBytes: number; origin: string }][];
  snapshots: [string, { volumeId: string }][];
  networks: [string, unknown][];
  routers: [string, unknown][];
}

/** Hypervisor, storage and network as they are without the process: the fake drivers' memories. */
export class World implements Outside {
  /** Called before each verb of the hypervisor. */
  hold: (verb: string) => Promise<void> = async () => {};
  readonly compute = new FakeComputeDriver({
    hostname: "node1",
    before: (verb) => this.hold(verb),
    async writeFile(path, content) {
      mkdirSync(dirname(path), { recursive: true });
      await writeFile(path, content.subarray(0, 512));
    },
  });
  readonly volumes = new FakeVolumeDriver();
  readonly network = new FakeNetworkDriver();

  copy(): Copied {
    return structuredClone({
      guests: [...this.compute.guests],
      volumes: [...this.volumes.volumes],
      snapshots: [...this.volumes.snapshots],
      networks: [...this.network.networks],
      routers: [...this.network.routers],
    });
  }

  /** Guests are defined as before, but off; networks and routers are gone. */
  reboot(): void {
    for (const guest of this.compute.guests.values()) {
      if (guest.power !== "suspended") guest.power = "shutdown";
    }
    this.network.networks.clear();
    this.network.routers.clear();
  }

  static of(outside: unknown): World {
    // Each copy is given to one world only, but moments may be revived more than once.
    const copied = structuredClone(outside) as Copied;
    const world = new World();
    const fill = (map: Map<string, never>, entries: [string, unknown][]) => {
      for (const [key, value] of entries) map.set(key, value as never);
    };
    fill(world.compute.guests as Map<string, never>, copied.guests);
    fill(world.volumes.volumes as Map<string, never>, copied.volumes);
    fill(world.volumes.snapshots as Map<string, never>, copied.snapshots);
    fill(world.network.networks as Map<string, never>, copied.networks);
    fill(world.network.routers as Map<string, never>, copied.routers);
    return world;
  }
}

const COMPUTE_VERBS = new Set([
  ...["spawn", "destroy", "start", "stop", "rebootSoft", "rebootHard", "pause", "unpause", "suspend", "resume"],
  ...["rescue", "unrescue", "attachInterface", "detachInterface", "attachVolume", "detachVolume", "extendVolume"],
  ...["snapshot", "rebuild", "resize", "confirmResize", "revertResize", "setAdminPassword"],
]);
const VOLUME_VERBS = new Set([
  ...["create", "createFromFile", "createFromSnapshot", "clone", "delete", "extend"],
  ...["createSnapshot", "deleteSnapshot", "revert", "connect", "disconnect", "exportTo"],
]);
const NETWORK_VERBS = new Set(["applyNetwork", "removeNetwork", "applyRouter", "removeRouter"]);

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
}

export type LifeSettings = NonNullable<Parameters<typeof testSettings>[0]>;

/** One life of the process. */
export interface Life {
  cloud: Cloud;
  logs: LogRecord[];
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  /** The end of the test's use of it. A killed process does not get to do this; its moments were taken before. */
  end(): Promise<void>;
}

/** A whole cloud of fake drivers over a database, a data directory and a world. Not started yet. */
export function live(options: {
  db: Database;
  dataDir: string;
  world: World;
  recorder?: Recorder;
  token?: () => string;
  settings?: LifeSettings;
}): Life {
  const { db, dataDir, world, recorder } = options;
  const around = <T extends object>(name: string, driver: T, verbs: ReadonlySet<string>): T =>
    recorder === undefined ? driver : recorder.around(name, driver, verbs);
  const volumes = around("volumes", world.volumes, VOLUME_VERBS);
  const logs: LogRecord[] = [];
  const { settings = {} } = options;
  const resume = {
    ...settings,
    compute: { resumeGuestsOnBoot: true, ...settings.compute },
    image: { allowLocalUrls: true },
  };
  const cloud = createCloud({
    settings: testSettings(resume, { DATA_DIR: dataDir, DEST: join(dataDir, "dest"), IMAGE_URLS: "" }),
    db,
    services: [
      identity(),
      image({ exec: new FakeExec() }),
      network({ driver: around("network", world.network, NETWORK_VERBS) }),
      blockStorage({ driver: () => volumes, hostname: "node1" }),
      compute({ driver: around("compute", world.compute, COMPUTE_VERBS) }),
      placement(),
      orchestration(),
    ],
    sink: (record) => logs.push(record),
  });
  const { all } = createApps(cloud);
  return {
    cloud,
    logs,
    async request(method, path, body, headers = {}) {
      const isBytes = typeof body === "string";
      const response = await all.request(path, {
        method,
        headers: {
          ...(options.token === undefined ? {} : { "x-auth-token": options.token() }),
          ...(body === undefined ? {} : { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
          "openstack-api-version": "volume 3.59",
          ...headers,
        },
        ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json") === true;
      return {
        status: response.status,
        headers: response.headers,
        body: isJson && text !== "" ? JSON.parse(text) : text,
      };
    },
    async idle() {
      const pending = () => db.prepare<[], number>(PENDING).pluck().get() ?? 0;
      const deadline = Date.now() + 120_000;
      do {
        await cloud.kernel.operations.idle();
        await cloud.kernel.events.idle();
        await new Promise((resolve) => setImmediate(resolve));
      } while (pending() > 0 && Date.now() < deadline);
    },
    async end() {
      await cloud.stop();
      db.close();
    },
  };
}

/** What is on its way and no wait of the kernel's knows of. */
const PENDING = `SELECT (SELECT count(*) FROM network_dirty) + (SELECT count(*) FROM events_outbox)
  + (SELECT count(*) FROM image_trash) + (SELECT count(*) FROM image_tasks WHERE status IN ('pending', 'processing'))
  + (SELECT count(*) FROM operations WHERE state IN ('running', 'undoing'))`;

/** A token of the admin on project admin. */
export async function login(life: Life): Promise<string> {
  const answer = await life.request("POST", "/identity/v3/auth/tokens", passwordLogin("admin", "admin"));
  const token = answer.headers.get("x-subject-token");
  if (token === null) throw new Error(`no login: ${JSON.stringify(answer.body)}`);
  return token;
}
