import { randomBytes } from "node:crypto";
import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import type { IdentityContext } from "../context.ts";
import { missing, storeConflict } from "../errors.ts";
import { mayUseCredential, requireOwnProject, requireSameFields, requireUnrestricted } from "../manager/delegation.ts";
import { DELEGATION_FIELDS, delegationOf, ec2CredentialId, ec2Key } from "../manager/ec2.ts";
import type { Token } from "../manager/tokens.ts";
import type { CredentialRow } from "../store/rows.ts";
import { credentialView } from "../views/views.ts";
import {
  collection,
  extras,
  filtered,
  type Json,
  mergeExtras,
  nullableString,
  requireSameId,
  resourceSchema,
  text,
  textOrNull,
} from "./shared.ts";
import { userNamed } from "./touched.ts";

const KNOWN = ["id", "user_id", "project_id", "type", "blob", "links"];
const properties = {
  blob: { type: "string" },
  project_id: nullableString,
  type: { type: "string" },
  user_id: { type: "string" },
};

/** `/v3/credentials`, and EC2 access keys under their users. */
export function credentialRoutes(identity: IdentityContext): AnyRoute[] {
  return [...plainRoutes(identity), ...ec2Routes(identity)];
}

function plainRoutes({ store, kernel, tokens }: IdentityContext): AnyRoute[] {
  const credential: Touched<CredentialRow> = {
    kind: "credential",
    secret: true,
    find({ param }) {
      const row = store.credentials.get(param("credential_id"));
      if (row === undefined) throw missing("credential", param("credential_id"));
      return row;
    },
    owner: ({ user_id }) => ({ userId: user_id }),
  };
  /** The credential that a request is about. Errors: 403 for a delegated token of another project. */
  const usable = (request: ApiRequest<unknown, CredentialRow>): CredentialRow => {
    requireOwnProject(tokens.sender(request), request.thing.project_id);
    return request.thing;
  };
  return [
    route({
      name: "credentials:list",
      method: "GET",
      path: "/v3/credentials",
      policy: "identity:list_credentials",
      of: caller,
      success: 200,
      handler(request) {
        const sender = tokens.sender(request);
        const views = store.credentials
          .list()
          .filter((row) => request.allowed("identity:get_credential", { userId: row.user_id }))
          .filter((row) => mayUseCredential(sender, row.project_id))
          .map((row) => credentialView(row, request.baseUrl));
        return collection(request, "credentials", filtered(request, views, ["user_id", "type"]));
      },
    }),
    route<{ credential: Json }>({
      name: "credentials:create",
      method: "POST",
      path: "/v3/credentials",
      policy: "identity:create_credential",
      of: caller,
      request: resourceSchema("credential", properties, { required: ["blob", "type"] }),
      success: 201,
      handler(request) {
        const { credential } = request.body;
        const userId = textOrNull(credential.user_id) ?? request.context.userId;
        request.authorize({ userId });
        const projectId = textOrNull(credential.project_id);
        const sender = tokens.sender(request);
        const row: CredentialRow = {
          id: hexId(),
          user_id: userId,
          project_id: projectId,
          type: text(credential.type),
          blob: text(credential.blob),
          extra: JSON.stringify(extras(credential, KNOWN)),
        };
        if (isEc2(row.type)) requireUnrestricted(sender, "credentials");
        requireOwnProject(sender, projectId);
        if (isEc2(row.type)) {
          const access = accessOf(row.blob);
          if (projectId === null) throw badRequest("project_id must be specified for ec2 credentials");
          row.id = ec2CredentialId(access);
          row.blob = boundBlob(row.blob, sender);
        }
        kernel.db.transaction(() => {
          if (store.credentials.get(row.id) !== undefined) throw storeConflict("credential", "Duplicate entry");
          store.credentials.insert(row);
        });
        return { body: { credential: credentialView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "credentials:show",
      method: "GET",
      path: "/v3/credentials/:credential_id",
      policy: "identity:get_credential",
      of: credential,
      success: 200,
      handler: (request) => ({ body: { credential: credentialView(usable(request), request.baseUrl) } }),
    }),
    route<{ credential: Json }, CredentialRow>({
      name: "credentials:update",
      method: "PATCH",
      path: "/v3/credentials/:credential_id",
      policy: "identity:update_credential",
      of: credential,
      request: resourceSchema("credential", properties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = usable(request);
        const { credential } = request.body;
        requireSameId(credential, row.id, "credential");
        if (typeof credential.user_id === "string") request.authorize({ userId: credential.user_id });
        const { blob, type, project_id } = credential;
        if (project_id !== undefined) requireOwnProject(tokens.sender(request), textOrNull(project_id));
        // A trust or application credential that a key was made through must not be shaken off, nor one be claimed.
        if (isEc2(row.type) && typeof blob === "string") {
          requireSameFields(parseBlob(row.blob), parseBlob(blob), DELEGATION_FIELDS);
        }
        if (typeof type === "string" && isEc2(type) !== isEc2(row.type)) {
          throw badRequest("The type of an ec2 credential cannot be changed, nor another's be made ec2.");
        }
        store.credentials.update(row.id, {
          ...(typeof credential.blob === "string" ? { blob: credential.blob } : {}),
          ...(typeof credential.type === "string" ? { type: credential.type } : {}),
          ...(typeof credential.user_id === "string" ? { user_id: credential.user_id } : {}),
          ...(credential.project_id === undefined ? {} : { project_id: textOrNull(credential.project_id) }),
          extra: mergeExtras(row.extra, extras(credential, KNOWN)),
        });
        return { body: { credential: credentialView(store.credentials.get(row.id) ?? row, request.baseUrl) } };
      },
    }),
    route({
      name: "credentials:delete",
      method: "DELETE",
      path: "/v3/credentials/:credential_id",
      policy: "identity:delete_credential",
      of: credential,
      success: 204,
      handler(request) {
        store.credentials.delete(usable(request).id);
        return undefined;
      },
    }),
  ];
}

function ec2Routes({ store, kernel, tokens, roles }: IdentityContext): AnyRoute[] {
  const path = "/v3/users/:user_id/credentials/OS-EC2";
  const view = (row: CredentialRow, base: string) => {
    const key = ec2Key(row);
    const access = key?.access ?? "";
    return {
      user_id: row.user_id,
      tenant_id: row.project_id,
      access,
      secret: key?.secret ?? "",
      trust_id: key?.trustId ?? null,
      links: { self: `${base}/v3/users/${row.user_id}/credentials/OS-EC2/${access}` },
    };
  };
  const key: Touched<CredentialRow> = {
    kind: "EC2 key",
    first: true,
    find({ param }) {
      const id = ec2CredentialId(param("access"));
      const row = store.credentials.get(id);
      if (row === undefined || row.type !== "ec2") throw missing("credential", id);
      return row;
    },
    owner: ({ user_id }) => ({ userId: user_id }),
  };
  /** The key that a request is about. Errors: 404 under another user's path, 403 for a delegated token of another project. */
  const usable = (request: ApiRequest<unknown, CredentialRow>): CredentialRow => {
    const row = request.thing;
    if (row.user_id !== request.param("user_id")) throw missing("credential", row.id);
    requireOwnProject(tokens.sender(request), row.project_id);
    return row;
  };
  return [
    route({
      name: "ec2:list",
      method: "GET",
      path,
      policy: "identity:ec2_list_credentials",
      of: userNamed,
      success: 200,
      handler(request) {
        const userId = request.thing;
        if (store.users.get(userId) === undefined) throw missing("user", userId);
        const sender = tokens.sender(request);
        const rows = store.credentials
          .list({ user_id: userId, type: "ec2" })
          .filter((row) => mayUseCredential(sender, row.project_id));
        return collection(
          request,
          "credentials",
          rows.map((row) => view(row, request.baseUrl)),
        );
      },
    }),
    route<{ tenant_id?: unknown } | null, string>({
      name: "ec2:create",
      method: "POST",
      path,
      policy: "identity:ec2_create_credential",
      of: userNamed,
      success: 201,
      handler(request) {
        const userId = request.thing;
        const sender = tokens.sender(request);
        requireUnrestricted(sender, "application credentials");
        const projectId = textOrNull(request.body?.tenant_id);
        if (projectId === null) throw badRequest("'tenant_id' is a required property");
        if (store.users.get(userId) === undefined) throw missing("user", userId);
        const project = store.projects.get(projectId);
        if (project === undefined) throw missing("project", projectId);
        requireOwnProject(sender, projectId);
        const lacking = roles.onProject(userId, project).length === 0 && !request.context.isAdmin;
        // A trustee has its roles there by the trust.
        if (lacking && sender?.trustId == null) {
          throw missing("role assignment with role", `None, user or group: ${userId}, project: ${projectId}`);
        }
        const access = hexId();
        const secret = randomBytes(16).toString("hex");
        const row = store.credentials.insert({
          id: ec2CredentialId(access),
          user_id: userId,
          project_id: projectId,
          type: "ec2",
          blob: JSON.stringify({ access, secret, trust_id: null, ...delegationOf(sender) }),
          extra: "{}",
        });
        return { body: { credential: view(row, request.baseUrl) } };
      },
    }),
    route({
      name: "ec2:show",
      method: "GET",
      path: `${path}/:access`,
      policy: "identity:ec2_get_credential",
      of: key,
      success: 200,
      handler: (request) => ({ body: { credential: view(usable(request), request.baseUrl) } }),
    }),
    route({
      name: "ec2:delete",
      method: "DELETE",
      path: `${path}/:access`,
      policy: "identity:ec2_delete_credential",
      of: key,
      success: 204,
      handler(request) {
        const row = usable(request);
        kernel.db.transaction(() => store.credentials.delete(row.id));
        return undefined;
      },
    }),
  ];
}

function parseBlob(blob: string): Json {
  try {
    const value: unknown = JSON.parse(blob);
    if (typeof value === "object" && value !== null) return value as Json;
  } catch {
    // Said below.
  }
  throw badRequest("Invalid blob in credential");
}

function accessOf(blob: string): string {
  const { access } = parseBlob(blob);
  if (typeof access !== "string") throw badRequest("Invalid blob in credential");
  return access;
}

/** The blob with the sender's own delegation and no other: a key cannot claim a trust that its maker did not act through. */
function boundBlob(blob: string, sender: Token | null): string {
  const given = parseBlob(blob);
  const delegation = delegationOf(sender);
  const claimed = DELEGATION_FIELDS.some((field) => field in given);
  if (!claimed && Object.keys(delegation).length === 0) return blob;
  const own = Object.entries(given).filter(([field]) => !(DELEGATION_FIELDS as readonly string[]).includes(field));
  return JSON.stringify({ ...Object.fromEntries(own), ...delegation });
}

const isEc2 = (type: string): boolean => type.toLowerCase() === "ec2";
