import { isUnwritable } from "../../../../kernel/db/unwritable.ts";
import { ApiError } from "../../../../kernel/errors.ts";
import type { Kernel } from "../../../../kernel/module.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow, VersionRow } from "../../store/objects.ts";
import type { UploadRow } from "../../store/uploads.ts";
import type { Core } from "../core.ts";
import type { ObjectManager } from "../objects.ts";
import type { UploadManager } from "../uploads.ts";
import { bucketSettings, objectSettings, type Tag } from "./settings-of-buckets.ts";

export interface LifecycleRule {
  id: string;
  enabled: boolean;
  /** The older form has the prefix beside the rule and no filter. */
  isOldForm: boolean;
  prefix: string;
  tags: Tag[];
  /** Bytes: greater than, less than. */
  greater?: number;
  less?: number;
  expiration?: { days?: number; date?: number; marker?: boolean };
  noncurrent?: { days: number; newer?: number };
  /** Days after which an upload that was not completed is given up. */
  abort?: number;
}

/** Milliseconds between looks; rules count in days. */
const EVERY = 600_000;
const DAY = 86_400_000;
/** So many are looked at in one turn of the loop. */
const PAGE = 50;
const milliseconds = (stamp: number): number => Math.floor(stamp / 100);

/** Days end at midnight UTC, and the day of the event does not count. */
export const dayAfter = (from: number, days: number): number => Math.ceil((from + days * DAY) / DAY) * DAY;

function fits(rule: LifecycleRule, row: Pick<ObjectRow, "name" | "size" | "system">): boolean {
  const { tags = [] } = objectSettings(row);
  return (
    rule.enabled &&
    row.name.startsWith(rule.prefix) &&
    row.size > (rule.greater ?? -1) &&
    row.size < (rule.less ?? Number.POSITIVE_INFINITY) &&
    rule.tags.every(({ key, value }) => tags.some((tag) => tag.key === key && tag.value === value))
  );
}

/** When a rule ends a current object; null: none does. Milliseconds since the epoch. */
export function expiryOf(bucket: ContainerRow, row: ObjectRow): { at: number; rule: string } | null {
  let first: { at: number; rule: string } | null = null;
  for (const rule of bucketSettings(bucket).lifecycle ?? []) {
    const { days, date } = rule.expiration ?? {};
    if (!fits(rule, row) || (days === undefined && date === undefined)) continue;
    const at = date ?? dayAfter(milliseconds(row.stamp), days ?? 0);
    if (first === null || at < first.at) first = { at, rule: rule.id };
  }
  return first;
}

/** Carries out what buckets say of the life of their objects. Runs now and then; what it did not come to is there the next time. */
export class Lifecycle {
  readonly #core: Core;
  readonly #objects: ObjectManager;
  readonly #uploads: UploadManager;
  readonly #kernel: Kernel;
  #stopping = false;

  constructor(core: Core, objects: ObjectManager, uploads: UploadManager) {
    this.#core = core;
    this.#objects = objects;
    this.#uploads = uploads;
    this.#kernel = core.kernel;
  }

  /** Answers what ends it. */
  start(): () => Promise<void> {
    const log = this.#kernel.log.named("object-store");
    let running: Promise<void> = Promise.resolve();
    const stop = this.#kernel.clock.every(EVERY, () => {
      running = running.then(() => this.run()).catch((error: unknown) => log.error("the lifecycle of buckets", error));
    });
    return async () => {
      stop();
      this.#stopping = true;
      await running;
    };
  }

  /** Looks through all buckets that have rules; between pages others have their turn. */
  async run(): Promise<void> {
    for (const bucket of this.#core.containers.withSetting("$.s3.lifecycle")) {
      await this.#current(bucket);
      await this.#older(bucket);
      await this.#abortUploads(bucket);
    }
  }

  /** False: the cloud stops, and the rest is there after its next start. */
  async #goesOn(): Promise<boolean> {
    await this.#kernel.turns.background();
    return !this.#stopping;
  }

  async #current(bucket: ContainerRow): Promise<void> {
    const now = this.#kernel.clock.now();
    let marker = "";
    for (;;) {
      const page = this.#core.objects.list(bucket.id, { limit: PAGE, marker });
      for (const entry of page) {
        const name = "subdir" in entry ? entry.subdir : entry.name;
        marker = name;
        const row = this.#objects.get(bucket.id, name);
        if (row === undefined) continue;
        const expiry = expiryOf(bucket, row);
        if (expiry !== null && expiry.at <= now) this.#write(() => void this.#objects.delete(bucket, name));
      }
      if (page.length < PAGE || !(await this.#goesOn())) return;
    }
  }

  /** Versions that are not current any more, and markers with nothing left behind them. */
  async #older(bucket: ContainerRow): Promise<void> {
    const rules = (bucketSettings(bucket).lifecycle ?? []).filter(
      ({ noncurrent, expiration }) => noncurrent !== undefined || expiration?.marker === true,
    );
    if (rules.length === 0 || bucket.versioning === "off") return;
    let from: { name: string; stamp: number | null } = { name: "", stamp: null };
    let before: { name: string; stamp: number; older: number } = { name: "", stamp: 0, older: 0 };
    for (;;) {
      const page = this.#core.objects.versions(bucket.id, from, null, PAGE);
      for (const version of page) {
        const since = version.name === before.name ? before.stamp : null;
        const older = since === null ? 0 : before.older + 1;
        before = { name: version.name, stamp: version.stamp, older };
        from = { name: version.name, stamp: version.stamp };
        const full = this.#versionOf(bucket, version.name, version.stamp);
        if (full !== null && this.#isOver(rules, full, version.latest, since, older))
          this.#write(() => void this.#objects.deleteVersion(bucket, version.name, version.stamp));
      }
      if (page.length < PAGE || !(await this.#goesOn())) return;
    }
  }

  #isOver(
    rules: readonly LifecycleRule[],
    version: VersionRow,
    latest: boolean,
    since: number | null,
    older: number,
  ): boolean {
    const now = this.#kernel.clock.now();
    const { retention, legalHold } = objectSettings(version);
    if (legalHold === true || (retention !== undefined && retention.until > now)) return false;
    return rules.some((rule) => {
      if (!fits(rule, version)) return false;
      if (version.marker && latest) return rule.expiration?.marker === true && !this.#hasOther(version);
      const { noncurrent } = rule;
      if (noncurrent === undefined || since === null) return false;
      return older > (noncurrent.newer ?? 0) && dayAfter(milliseconds(since), noncurrent.days) <= now;
    });
  }

  #hasOther({ container, name, stamp }: VersionRow): boolean {
    return this.#core.objects.versions(container, { name, stamp }, null, 1).some((other) => other.name === name);
  }

  #versionOf(bucket: ContainerRow, name: string, stamp: number): VersionRow | null {
    try {
      return this.#objects.version(bucket.id, name, stamp);
    } catch {
      return null;
    }
  }

  async #abortUploads(bucket: ContainerRow): Promise<void> {
    const rules = (bucketSettings(bucket).lifecycle ?? []).filter(
      ({ enabled, abort }) => enabled && abort !== undefined,
    );
    if (rules.length === 0) return;
    const now = this.#kernel.clock.now();
    let after = { name: "", stamp: 0 };
    for (;;) {
      const page = this.#uploads.list(bucket, after, PAGE);
      for (const upload of page) {
        after = upload;
        const isOver = rules.some(
          ({ prefix, abort = 0 }) =>
            upload.name.startsWith(prefix) && dayAfter(milliseconds(upload.stamp), abort) <= now,
        );
        if (!isOver) continue;
        await this.#abort(upload);
        if (!(await this.#goesOn())) return;
      }
      if (page.length < PAGE || !(await this.#goesOn())) return;
    }
  }

  async #abort(upload: UploadRow): Promise<void> {
    try {
      await this.#uploads.abort(upload, () => this.#kernel.turns.background());
    } catch (error) {
      // It ended by itself; or the disk is full, and the next run comes to it again.
      if (!(error instanceof ApiError) && !isUnwritable(error)) throw error;
    }
  }

  #write(change: () => void): void {
    this.#kernel.eventually.write("what a bucket's lifecycle says", change);
  }
}
