import { overQuota } from "../errors.ts";
import type { AccountRow } from "../store/accounts.ts";
import type { ContainerRow } from "../store/containers.ts";

const limit = (text: string | undefined): number =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;

/**
 * The quotas that headers of account and container set. As in Swift the object that is overwritten still counts.
 * Errors: 413.
 */
export function checkQuotas(account: AccountRow | undefined, container: ContainerRow, size: number): void {
  if (account !== undefined && account.bytes_used + size > limit(account.headers["x-account-meta-quota-bytes"]))
    throw overQuota();
  if (container.bytes_used + size > limit(container.headers["x-container-meta-quota-bytes"])) throw overQuota();
  if (container.object_count + 1 > limit(container.headers["x-container-meta-quota-count"])) throw overQuota();
}
