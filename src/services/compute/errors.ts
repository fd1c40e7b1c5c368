import { ApiError, badRequest, conflict, forbidden, notFound } from "../../kernel/errors.ts";
import { computeEnvelope, family, webobErrors } from "../../kernel/http/families.ts";
import { mv } from "../../kernel/http/microversion.ts";
import type { QuotaExceeded } from "../../kernel/quota/quota.ts";
import type { Server } from "./store/servers.ts";

/** The versions this API speaks. Recordings of Zed end at 2.93, the published schemas at 2.96. */
export const MIN_VERSION = mv("2.1");
export const MAX_VERSION = mv("2.96");

/** How nova words its errors. */
export const computeApi = family({
  // A removed API answers 410 under nova's catch-all name.
  renderError: (error) =>
    error.status === 410 ? { computeFault: { code: error.status, message: error.message } } : computeEnvelope(error),
  microversions: {
    service: "compute",
    min: MIN_VERSION,
    max: MAX_VERSION,
    fallback: MIN_VERSION,
    legacyHeader: "X-OpenStack-Nova-API-Version",
  },
  unrouted: webobErrors,
  errorContentType: "application/json; charset=UTF-8",
  emptyContentType: "application/json",
  requestIdHeaders: ["x-openstack-request-id", "x-compute-request-id"],
  trailingSlash: false,
});

export const serverNotFound = (id: string) => notFound(`Instance ${id} could not be found.`);
/** What nova's start, stop and crash dump say where its other actions say the above. */
export const serverNotMapped = (id: string) => notFound(`Instance ${id} has no mapping to a cell.`);
export const flavorNotFound = (id: string) => notFound(`Flavor ${id} could not be found.`);
export const keypairNotFound = (name: string, userId: string) =>
  notFound(`Keypair ${name} not found for user ${userId}`);
export const lockedError = (id: string) => conflict(`Instance ${id} is locked`);
export const wrongState = (server: Pick<Server, "id">, verb: string, attribute: string, value: string | null) =>
  conflict(`Cannot '${verb}' instance ${server.id} while it is in ${attribute} ${value}`);

/** nova names all that is exceeded: "Quota exceeded for cores, ram: Requested 1, 64, but already used 0, 0 of 0, 0 cores, ram". */
export function quotaExceeded(list: readonly QuotaExceeded[]): ApiError {
  const join = (pick: (item: QuotaExceeded) => unknown) => list.map(pick).join(", ");
  return forbidden(
    `Quota exceeded for ${join((i) => i.resource)}: Requested ${join((i) => i.requested)}, but already used ` +
      `${join((i) => i.used)} of ${join((i) => i.limit)} ${join((i) => i.resource)}`,
  );
}

export const invalidName = () =>
  badRequest(
    "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with whitespace.",
  );

export const removedApi = () =>
  new ApiError(410, "This resource is no longer available. No forwarding address is given.");

/** nova's PortInUse. */
export const portInUse = (portId: string) => conflict(`Port ${portId} is still in use.`);
