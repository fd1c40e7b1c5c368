import { createHmac } from "node:crypto";
import { pythonJson } from "../values/python.ts";
import { type Made, ResourceError, type ResourceType, type Run } from "./types.ts";

/** How guests send signals: heat/engine/resources/signal_responder.py. */

export const TRANSPORTS = ["CFN_SIGNAL", "TEMP_URL_SIGNAL", "HEAT_SIGNAL", "NO_SIGNAL", "ZAQAR_SIGNAL"] as const;

/** Which method of HTTP goes with which way. */
const VERBS = { waitcondition: "PUT", signal: "POST" } as const;
export type Way = keyof typeof VERBS;

/** The resource as Amazon names it. */
const arnOf = ({ stack, name }: Pick<Made, "stack" | "name">): string =>
  `arn:openstack:heat::${stack.projectId}:stacks/${quoted(stack.name)}/${stack.id}/resources/${quoted(name)}`;
/** urllib's quote, which leaves slashes. */
const quoted = (text: string): string => encodeURIComponent(text).replaceAll("%2F", "/");

/**
 * A URL that is signed by the resource's user (EC2, version 2), so whoever has it needs nothing else. It has no time: heat's have one for
 * wait conditions, after which keystone takes them for 15 minutes only, and conditions wait for 12 hours.
 */
export function signedUrl(run: Run, way: Way): string {
  const known = run.data.ec2_signed_url;
  if (typeof known === "string") return known;
  const { access, secret } = run.user.key();
  const { host, origin, pathname } = new URL(`${run.places.cfn}/${way}/`);
  const arn = arnOf(run);
  const query = `AWSAccessKeyId=${encodeURIComponent(access)}&SignatureMethod=HmacSHA256&SignatureVersion=2`;
  // The path that is signed is the plain one.
  const text = [VERBS[way], host.toLowerCase(), decodeURIComponent(pathname + arn), query].join("\n");
  const signature = createHmac("sha256", secret).update(text).digest("base64");
  const path = `${pathname}${quoted(arn)}`;
  const url = `${origin}${path}?SignatureMethod=HmacSHA256&SignatureVersion=2&AWSAccessKeyId=${access}&Signature=${encodeURIComponent(signature)}`;
  run.setData("ec2_signed_url", url);
  return url;
}

/** Where signals go through heat's own API. */
export const signalUrl = (made: Pick<Made, "places" | "stack" | "name">, projectId?: string): string =>
  `${made.places.heat(projectId)}/stacks/${quoted(made.stack.name)}/${made.stack.id}/resources/${quoted(made.name)}/signal`;

/** Makes what a transport needs, and keeps what a guest is told of it as `signal`. */
export async function prepareSignal(run: Run, transport: string, way: Way): Promise<void> {
  if (run.data.signal !== undefined) return;
  run.setData("signal", await signalOf(run, transport, way));
}

async function signalOf(run: Run, transport: string, way: Way): Promise<unknown> {
  switch (transport) {
    case "CFN_SIGNAL":
      return { alarm_url: signedUrl(run, way) };
    case "HEAT_SIGNAL":
      return { ...(await credentials(run)), alarm_url: signalUrl(run, run.user.projectId) };
    case "NO_SIGNAL":
      return {};
    default:
      return null;
  }
}

/** With which the resource's user logs in. */
export async function credentials(run: Run): Promise<Record<string, string | null>> {
  const { user } = run;
  const password = await user.password();
  return {
    auth_url: run.places.identity,
    username: user.name,
    user_id: user.id,
    password,
    project_id: user.projectId,
    domain_id: user.domainId,
    region_name: run.region,
  };
}

/** "null" where the transport has nothing to tell. */
export const shownSignal = ({ data }: Made): string => pythonJson(data.signal ?? null);

/** Errors: 400 for transports of services that this cloud does not have. */
export function requireTransport(transport: unknown, has: (service: "object-store") => boolean): void {
  if (transport === "ZAQAR_SIGNAL") throw unavailable("zaqar");
  if (transport === "TEMP_URL_SIGNAL" && !has("object-store")) throw unavailable("swift");
}

const unavailable = (client: string) =>
  new ResourceError(
    "ResourceTypeUnavailable",
    `Service ${client} is not available for this signal_transport, reason: Service endpoint not in service catalog.`,
  );

/** What all types do that have a user of their own. */
export const withUser = {
  suspend: ({ user }) => user.setEnabled(false),
  resume: ({ user }) => user.setEnabled(true),
  delete: ({ user }) => user.delete(),
} satisfies Partial<ResourceType>;
