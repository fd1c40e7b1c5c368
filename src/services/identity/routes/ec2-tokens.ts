import { badRequest, notFound, unauthorized } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { loginFailed } from "../errors.ts";
import { ec2Claims, ec2CredentialId, ec2Key } from "../manager/ec2.ts";
import { ec2SignatureFits, type SignedRequest, s3SignatureFits } from "../manager/ec2-signatures.ts";
import type { Managers } from "../manager/index.ts";
import { requireFresh } from "../manager/signed-time.ts";
import type { Token } from "../manager/tokens.ts";
import { tokenView } from "../views/tokens.ts";

/** Names that keystone takes for the one thing in the body. */
interface Body<Credentials> {
  credentials?: Credentials;
  credential?: Credentials;
  ec2Credentials?: Credentials;
}
interface StringToSign {
  access: string;
  token: string;
  signature: string;
}

const string = { type: "string" };
const strings = { type: "object", additionalProperties: string };
const optional = { type: ["string", "null"] };
const signedRequest = {
  type: "object",
  properties: {
    access: string,
    signature: optional,
    host: string,
    verb: string,
    path: string,
    params: strings,
    headers: strings,
    body_hash: optional,
  },
};
const stringToSign = { type: "object", properties: { access: string, token: string, signature: string } };
const bodyOf = (credentials: object) => ({
  type: "object",
  properties: { credentials, credential: credentials, ec2Credentials: credentials },
});

/**
 * `/v3/ec2tokens` and `/v3/s3tokens`: a signed request instead of a password. Only services and admins may ask: whoever merely
 * sees a signed request (a presigned URL is one) must not get a token for it.
 */
export function ec2TokenRoutes({ core: { store, tokens, catalog, kernel } }: Managers): AnyRoute[] {
  /** A token for the owner of the key when `check` finds the signature right. Errors: 401, 404 for no such key. */
  const issue = <Credentials extends { access: string }>(
    body: Body<Credentials>,
    check: (given: Credentials, secret: string) => void,
  ): { id: string; token: Token } => {
    const given = body.credentials ?? body.credential ?? body.ec2Credentials;
    if (given === undefined && Object.keys(body).length === 0) throw badRequest("request must include a request body");
    if (given?.access === undefined) throw unauthorized("EC2 Signature not supplied");
    const credential = store.credentials.get(ec2CredentialId(given.access));
    const key = credential === undefined ? null : ec2Key(credential);
    if (credential === undefined || key === null) throw notFound("EC2 access key not found.");
    check(given, key.secret);
    const claims = ec2Claims(store, credential, key);
    const issued = claims === null ? null : tokens.issue(claims);
    if (issued === null) throw loginFailed();
    return issued;
  };
  const view = (token: Token) => ({
    token: tokenView(token, catalog.forProject(token.identity.projectId, token.userId), null),
  });
  return [
    route<Body<SignedRequest>>({
      name: "ec2:authenticate",
      method: "POST",
      path: "/v3/ec2tokens",
      policy: "identity:ec2tokens_validate",
      request: bodyOf(signedRequest),
      success: 200,
      handler({ body }) {
        const { id, token } = issue(body, (given, secret) => {
          if (!ec2SignatureFits(given, secret)) throw unauthorized("Invalid EC2 signature.");
          requireFresh(given, kernel.clock.now());
        });
        return { headers: { "x-subject-token": id, vary: "X-Auth-Token" }, body: view(token) };
      },
    }),
    route<Body<StringToSign>>({
      name: "s3:authenticate",
      method: "POST",
      path: "/v3/s3tokens",
      policy: "identity:s3tokens_validate",
      request: bodyOf(stringToSign),
      success: 200,
      handler({ body }) {
        const { token } = issue(body, ({ token: text, signature }, secret) => {
          if (text === undefined || signature === undefined || !s3SignatureFits(text, signature, secret)) {
            throw unauthorized("Credential signature mismatch");
          }
        });
        return { body: view(token) };
      },
    }),
  ];
}
