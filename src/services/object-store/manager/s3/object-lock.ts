import { s3Error } from "../../errors.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { objectSettings } from "./settings-of-buckets.ts";

export type LockMode = "GOVERNANCE" | "COMPLIANCE";

export interface Retention {
  mode: LockMode;
  /** Milliseconds since the epoch. */
  until: number;
}

export interface DefaultRetention {
  mode: LockMode;
  days?: number;
  years?: number;
}

const DAY = 86_400_000;

/** What a bucket's rule makes of an object put now (milliseconds since the epoch). */
export function retentionFrom({ mode, days, years }: DefaultRetention, now: number): Retention {
  if (days !== undefined) return { mode, until: now + days * DAY };
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + (years ?? 0));
  return { mode, until: until.getTime() };
}

/** Errors: 403 while a version may not be removed. `bypass`: who may pass over GOVERNANCE, and said so. */
export function requireUnlocked(row: Pick<ObjectRow, "system">, now: number, bypass: boolean): void {
  const { retention, legalHold } = objectSettings(row);
  const held =
    legalHold === true ||
    (retention !== undefined && retention.until > now && !(retention.mode === "GOVERNANCE" && bypass));
  if (held) throw s3Error("AccessDenied", "Access Denied because object protected by object lock.");
}

/** Errors: 403 for what would shorten or loosen a retention. */
export function requireLonger(
  current: Retention | undefined,
  next: Retention | undefined,
  now: number,
  bypass: boolean,
): void {
  if (current === undefined || current.until <= now) return;
  const isLonger = next !== undefined && next.until >= current.until;
  if (current.mode === "COMPLIANCE" && !(isLonger && next.mode === "COMPLIANCE"))
    throw s3Error("AccessDenied", "Access Denied because object protected by object lock.");
  if (current.mode === "GOVERNANCE" && !(isLonger && next.mode === "GOVERNANCE") && !bypass)
    throw s3Error("AccessDenied", "Access Denied because object protected by object lock.");
}
