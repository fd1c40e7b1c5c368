import { createHash } from "node:crypto";
import { type Identity, internalContext } from "../../../../kernel/auth/context.ts";
import { ApiError } from "../../../../kernel/errors.ts";
import type { Exchange } from "../../../../kernel/http/exchange.ts";
import { bodyText, signedParams } from "./query.ts";
import { refusal } from "./refusals.ts";

/**
 * Whose EC2 key has signed the request (versions 2 and 4), as keystone finds it: heat/api/aws/ec2token.py. A token of keystone's does, too.
 * Errors: Amazon's 400 and 403.
 */
export async function authenticate(exchange: Exchange): Promise<Identity | null> {
  const { request, kernel, origin } = exchange;
  const token = request.headers.get("x-auth-token");
  if (token !== null) return kernel.authenticator.authenticate(token) ?? denied();
  const params = await signedParams(exchange);
  const authorization = request.headers.get("authorization") ?? "";
  const part = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(authorization)?.[1];
  const signature = params.Signature ?? params["X-Amz-Signature"] ?? part("Signature");
  if (signature === undefined) throw refusal("IncompleteSignature");
  const access = params.AWSAccessKeyId ?? (params["X-Amz-Credential"] ?? part("Credential"))?.split("/")[0];
  if (access === undefined) throw refusal("MissingAuthenticationToken");
  const { Signature: _signature, ...signed } = params;
  const { pathname, host } = new URL(request.url);
  const path = pathname.startsWith(origin.mount) ? pathname : `${origin.mount}${pathname}`;
  const isOld = params.SignatureVersion !== undefined;
  const credentials = {
    access,
    signature,
    host: request.headers.get("host") ?? host,
    verb: request.method,
    // Version 2 is over the plain path, in which heat signs its own URLs.
    path: isOld ? plain(path) : path,
    params: signed,
    headers: Object.fromEntries(request.headers),
    body_hash: createHash("sha256")
      .update(await bodyText(exchange))
      .digest("hex"),
  };
  try {
    const body = { ec2Credentials: credentials };
    const answer = await kernel.call("identity", "ec2:authenticate", internalContext(exchange.id), { body });
    return kernel.authenticator.authenticate(answer.headers?.["x-subject-token"] ?? "") ?? denied();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw error.status === 404 ? refusal("InvalidClientTokenId") : refusal("AccessDenied");
  }
}

function denied(): never {
  throw refusal("AccessDenied");
}

/** Errors: 404 for escapes that are none. */
function plain(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw refusal("MalformedQueryString");
  }
}
