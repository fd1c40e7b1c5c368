import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest, forbidden, inWords, type Words } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { CallInput } from "../../../kernel/http/perform.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { storageOf } from "../manager/bdm-check.ts";
import type { Core } from "../manager/core.ts";

/**
 * How this API's old proxies ask the services behind them: through the records that the caller could use as well, so that their
 * policies, schemas and quotas hold. Answers the body. Errors come in nova's words, where `words` has some.
 */
export type Ask = <Body>(
  context: RequestContext,
  record: string,
  input?: CallInput & { words?: Words },
) => Promise<Body>;

/** neutronclient tells with every error which request of neutron's it was. Here that is this very one. */
export const askNetwork = (kernel: Kernel): Ask =>
  asker(kernel, "network", ({ requestId }) => ({
    refused: ({ status, message, type }) =>
      new ApiError(status, `${message}\nNeutron server returns request_ids: ['${requestId}']`, { type }),
  }));

/** nova/volume/cinder.py translate_cinder_exception: what cinder refuses is invalid input, and over quota is 403; 400 without cinder. */
export function askBlockStorage(core: Core): Ask {
  const ask = asker(
    core.kernel,
    "block-storage",
    ({ requestId }) => ({
      400: ({ message }) => badRequest(`Invalid input received: ${message} (HTTP 400) (Request-ID: ${requestId})`),
      413: ({ message }) => forbidden(message),
    }),
    // What nova's client speaks: it says whether a snapshot of a volume in use is meant.
    mv("3.0"),
  );
  return async (context, record, input) => {
    storageOf(core);
    return ask(context, record, input);
  };
}

export const askImage = (kernel: Kernel): Ask => asker(kernel, "image", () => ({}));

/** The query for several by their ids. */
export const byIds = (ids: readonly string[]) => new URLSearchParams(ids.map((id): [string, string] => ["id", id]));

/** `ofClient`: what the service's Python client, or nova's code around it, makes of its errors; then come the words of the proxy. */
function asker(
  kernel: Kernel,
  front: string,
  ofClient: (context: RequestContext) => Words,
  microversion?: number,
): Ask {
  return async <Body>(
    context: RequestContext,
    record: string,
    { words = {}, ...input }: CallInput & { words?: Words } = {},
  ): Promise<Body> => {
    const versioned = microversion === undefined ? input : { microversion, ...input };
    const call = () => kernel.call(front, record, context, versioned);
    const { body } = await inWords(words, () => inWords(ofClient(context), call));
    return body as Body;
  };
}
