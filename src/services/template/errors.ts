import { ApiError, notFound } from "../../kernel/errors.ts";
import { computeEnvelope, family } from "../../kernel/http/families.ts";
import type { QuotaExceeded } from "../../kernel/quota/quota.ts";

/** How this API words its errors. */
export const templateApi = family({ renderError: computeEnvelope });

export const noteNotFound = (id: string) => notFound(`Note ${id} could not be found.`);
export const overQuota = ({ resource }: QuotaExceeded) => new ApiError(403, `Quota exceeded for ${resource}.`);
