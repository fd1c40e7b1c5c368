import { s3Error } from "../../errors.ts";
import { type LockMode, type Retention, retentionFrom } from "../../manager/s3/object-lock.ts";
import { bucketSettings, type ObjectSettings } from "../../manager/s3/settings-of-buckets.ts";
import type { ContainerRow } from "../../store/containers.ts";

/** Errors: 400. */
export function retentionOf(mode: string | undefined, until: string | undefined, now: number): Retention {
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") throw s3Error("InvalidArgument", "Unknown wormMode directive.");
  const at = Date.parse(until ?? "");
  if (Number.isNaN(at) || !/^\d{4}-\d\d-\d\dT/.test(until ?? ""))
    throw s3Error("InvalidArgument", "The retain until date must be provided in ISO 8601 format");
  if (at <= now) throw s3Error("InvalidArgument", "The retain until date must be in the future!");
  return { mode: mode as LockMode, until: at };
}

/** What a PUT's headers, or else the bucket's rule, say of how long the object stays. Errors: 400. */
export function sentLock(
  headers: Headers,
  bucket: ContainerRow,
  now: number,
): Pick<ObjectSettings, "retention" | "legalHold"> {
  const mode = headers.get("x-amz-object-lock-mode") ?? undefined;
  const until = headers.get("x-amz-object-lock-retain-until-date") ?? undefined;
  const hold = headers.get("x-amz-object-lock-legal-hold");
  const { lock } = bucketSettings(bucket);
  if (lock === undefined && (mode !== undefined || until !== undefined || hold !== null))
    throw s3Error("InvalidRequest", "Bucket is missing Object Lock Configuration");
  if ((mode === undefined) !== (until === undefined))
    throw s3Error(
      "InvalidArgument",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    );
  if (hold !== null && hold !== "ON" && hold !== "OFF")
    throw s3Error("InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'");
  const rule = lock?.default;
  const retention =
    mode !== undefined ? retentionOf(mode, until, now) : rule === undefined ? undefined : retentionFrom(rule, now);
  return {
    ...(retention === undefined ? {} : { retention }),
    ...(hold === null ? {} : { legalHold: hold === "ON" }),
  };
}
