import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import { missing } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import type { CredentialManager } from "../manager/credentials.ts";
import { mayUseCredential, requireOwnProject } from "../manager/delegation.ts";
import { ec2Key } from "../manager/ec2.ts";
import type { Managers } from "../manager/index.ts";
import { isOfUser } from "../manager/lists.ts";
import { nullableString, resourceSchema } from "../schemas/resource.ts";
import type { CredentialRow } from "../store/rows.ts";
import { credentialView } from "../views/views.ts";
import { extras, type Json, mergeExtras, requireSameId, text, textOrNull } from "./attributes.ts";
import { collection, listOf } from "./collection.ts";
import { userNamed } from "./touched.ts";

const KNOWN = ["id", "user_id", "project_id", "type", "blob", "links"];
const properties = {
  blob: { type: "string" },
  project_id: nullableString,
  type: { type: "string" },
  user_id: { type: "string" },
};

/** No user: what may be done about this one may be done about all. */
const ANYBODY = "";

/** `/v3/credentials`, and EC2 access keys under their users. */
export function credentialRoutes({ core, credentials }: Managers): AnyRoute[] {
  return [...plainRoutes(core, credentials), ...ec2Routes(core, credentials)];
}

function plainRoutes({ store, tokens }: Core, credentials: CredentialManager): AnyRoute[] {
  const credential: Touched<CredentialRow> = {
    kind: "credential",
    secret: true,
    find: ({ param }) => credentials.get(param("credential_id")),
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
        const mayGet = (userId: string) => request.allowed("identity:get_credential", { userId });
        return listOf(request, {
          key: "credentials",
          table: store.credentials,
          filters: ["user_id", "type"],
          // Who may not get those of just anybody has no use for reading them.
          conditions: mayGet(ANYBODY) ? [] : [isOfUser(request.context.userId)],
          views: (rows) =>
            rows
              .filter((row) => mayGet(row.user_id) && mayUseCredential(sender, row.project_id))
              .map((row) => credentialView(row, request.baseUrl)),
        });
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
        const given = {
          user_id: userId,
          project_id: textOrNull(credential.project_id),
          type: text(credential.type),
          blob: text(credential.blob),
          extra: JSON.stringify(extras(credential, KNOWN)),
        };
        const row = credentials.create(given, tokens.sender(request));
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
        const changes = {
          ...(typeof credential.blob === "string" ? { blob: credential.blob } : {}),
          ...(typeof credential.type === "string" ? { type: credential.type } : {}),
          ...(typeof credential.user_id === "string" ? { user_id: credential.user_id } : {}),
          ...(credential.project_id === undefined ? {} : { project_id: textOrNull(credential.project_id) }),
          extra: mergeExtras(row.extra, extras(credential, KNOWN)),
        };
        const updated = credentials.update(row, changes, tokens.sender(request));
        return { body: { credential: credentialView(updated, request.baseUrl) } };
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
        credentials.delete(usable(request));
        return undefined;
      },
    }),
  ];
}

function ec2Routes({ store, tokens }: Core, credentials: CredentialManager): AnyRoute[] {
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
    find: ({ param }) => credentials.key(param("access")),
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
        const { thing: userId, context } = request;
        const projectId = textOrNull(request.body?.tenant_id);
        const row = credentials.createKey(userId, projectId, tokens.sender(request), context.isAdmin);
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
        credentials.delete(usable(request));
        return undefined;
      },
    }),
  ];
}
