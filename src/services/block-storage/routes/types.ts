import { allOf, type Condition } from "../../../kernel/db/list.ts";
import { badRequest, notFound, notImplemented } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { own } from "../../../kernel/own.ts";
import { typeNotFound } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import { EVERYTHING, equals, hasPairs, NOTHING, openTo, specHolds, TYPE_COLUMNS } from "../manager/lists.ts";
import type { DefaultType, TypeManager } from "../manager/types.ts";
import { isTrue, strictBoolean } from "../schemas/parameter-types.ts";
import {
  type CreateTypeBody,
  createExtraSpecs,
  createType,
  type DefaultTypeBody,
  defaultType,
  type ExtraSpecsBody,
  projectAccess,
  type UpdateTypeBody,
  updateExtraSpec,
  updateType,
} from "../schemas/types.ts";
import type { TypeRow } from "../store/types.ts";
import { typeView, VISIBLE_SPECS, visibleSpecs } from "../views/types.ts";
import { type Listing, listRequest, nextLinks, page } from "./listing.ts";
import { pythonLiteral } from "./python-literal.ts";

export const typeListing: Listing = {
  columns: TYPE_COLUMNS,
  filters: ["is_public", "extra_specs"],
  filtersBefore: ["is_public"],
  strictSince: mv("3.52"),
  project: null,
  allTenants: "text",
  counts: false,
  literal: false,
  special: {
    // Said by `visible`.
    is_public: () => EVERYTHING,
    extra_specs: extraSpecsFilter,
  },
};

/** Users find nothing by extra specs that they may not see; zones are a list in one text. Errors: 400 for what is no dictionary. */
function extraSpecsFilter(value: string, request: ApiRequest) {
  const wanted = pythonLiteral(value);
  if (!(wanted instanceof Map)) throw badRequest(`Invalid extra_specs filter [${value}]`);
  const seesAll = request.allowed("volume_extension:types_extra_specs:read_sensitive", {});
  return allOf(
    [...wanted].map(([key, item]) => {
      if (!seesAll && !VISIBLE_SPECS.includes(String(key))) return NOTHING;
      const [spec, text] = [String(key), String(item)];
      return spec === "RESKEY:availability_zones" ? specHolds(spec, text) : hasPairs("extra_specs", [[spec, text]]);
    }),
  );
}

/** Public types and those the project has access to; administrators may ask for the others. Errors: 400. */
function visible(request: ApiRequest): Condition {
  const asked = request.context.isAdmin ? request.query.get("is_public") : null;
  if (asked?.toLowerCase() === "none") return EVERYTHING;
  const isPublic = asked === null ? true : strictBoolean(asked);
  if (isPublic === null) throw badRequest(`Invalid is_public filter [${asked}]`);
  if (!isPublic) return equals("is_public", 0);
  return openTo(request.context.projectId ?? "");
}

/** Volume types, extra specs, access to private types, and projects' default types (3.62). */
export function typeRoutes(core: Core, types: TypeManager): AnyRoute[] {
  const { maxLimit } = core.kernel.settings.blockStorage;
  const viewer = ({ context }: ApiRequest) => ({ seesExtraSpecs: context.isAdmin, seesQos: context.isAdmin });
  const load = (request: ApiRequest) => types.get(request.context, request.param("type_id"));

  return [
    route({
      name: "types:list",
      method: "GET",
      path: "/types",
      policy: "volume_extension:type_get_all",
      success: 200,
      async handler(request) {
        const wanted = listRequest(request, typeListing, maxLimit);
        const conditions = [...wanted.conditions, visible(request)];
        const { rows, next } = await page(
          { ...wanted, conditions },
          {
            table: core.types,
            has: (id) => core.finds(() => types.get(request.context, id)),
            missing: typeNotFound,
          },
        );
        const links = nextLinks(request, "volume_type", "/types", next);
        return { body: { volume_types: rows.map((type) => typeView(type, viewer(request))), ...links } };
      },
    }),
    route<CreateTypeBody>({
      name: "types:create",
      method: "POST",
      path: "/types",
      policy: "volume_extension:type_create",
      request: createType,
      success: 200,
      handler(request) {
        const body = request.body.volume_type;
        const specs = Object.entries(body.extra_specs ?? {}).flatMap(([key, value]) =>
          value === null ? [] : [[key, value] as const],
        );
        const type = types.create({
          name: body.name.trim(),
          description: body.description?.trim() ?? null,
          isPublic:
            body["os-volume-type-access:is_public"] === undefined || isTrue(body["os-volume-type-access:is_public"]),
          extraSpecs: Object.fromEntries(specs),
        });
        const { qos_specs_id, ...view } = typeView(type, viewer(request));
        return { body: { volume_type: view } };
      },
    }),
    route({
      name: "types:show",
      method: "GET",
      path: "/types/:type_id",
      policy: "volume_extension:type_get",
      success: 200,
      handler(request) {
        const type = request.param("type_id") === "default" ? types.default(request.context.projectId) : load(request);
        return { body: { volume_type: typeView(type, viewer(request)) } };
      },
    }),
    route<UpdateTypeBody>({
      name: "types:update",
      method: "PUT",
      path: "/types/:type_id",
      policy: "volume_extension:type_update",
      request: updateType,
      success: 200,
      handler(request) {
        const { name, description, is_public } = request.body.volume_type;
        const type = types.update(request.context, request.param("type_id"), {
          name: name?.trim() ?? name,
          description,
          isPublic: is_public === undefined ? undefined : isTrue(is_public),
        });
        const { qos_specs_id, "os-volume-type-access:is_public": _, ...view } = typeView(type, viewer(request));
        return { body: { volume_type: view } };
      },
    }),
    route({
      name: "types:delete",
      method: "DELETE",
      path: "/types/:type_id",
      policy: "volume_extension:type_delete",
      success: 202,
      handler(request) {
        types.delete(request.context, request.param("type_id"));
        return bareAnswer;
      },
    }),
    route({
      name: "types:access",
      method: "GET",
      path: "/types/:type_id/os-volume-type-access",
      policy: "volume_extension:volume_type_access",
      success: 200,
      handler(request) {
        const type_id = request.param("type_id");
        const access = types.projectsOf(request.context, type_id);
        return { body: { volume_type_access: access.map((project_id) => ({ volume_type_id: type_id, project_id })) } };
      },
    }),
    ...(["addProjectAccess", "removeProjectAccess"] as const).map((action) =>
      route<Record<string, { project: string }>>({
        name: `types:${action}`,
        method: "POST",
        path: "/types/:type_id/action",
        action,
        policy: `volume_extension:volume_type_access:${action}`,
        request: projectAccess(action),
        success: 202,
        handler(request) {
          const project = request.body[action]?.project ?? "";
          const id = request.param("type_id");
          if (action === "addProjectAccess") types.grant(request.context, id, project);
          else types.revoke(request.context, id, project);
          return bareAnswer;
        },
      }),
    ),
    ...extraSpecRoutes(types),
    ...encryptionRoutes(types),
    ...defaultTypeRoutes(types),
  ];
}

function extraSpecRoutes(types: TypeManager): AnyRoute[] {
  const policy = (verb: string) => `volume_extension:types_extra_specs:${verb}`;
  const volumeType: Touched<TypeRow> = {
    kind: "volume type",
    find: ({ context, param }) => types.get(context, param("type_id")),
    // Who sees it may: types are no project's.
    owner: (_type, { projectId }) => ({ projectId }),
  };
  return [
    route({
      name: "extra-specs:list",
      method: "GET",
      path: "/types/:type_id/extra_specs",
      policy: policy("index"),
      of: volumeType,
      success: 200,
      handler(request) {
        const type = request.thing;
        const seesAll = request.allowed(policy("read_sensitive"), {});
        return { body: { extra_specs: visibleSpecs(type, { seesExtraSpecs: seesAll, seesQos: false }) } };
      },
    }),
    route<ExtraSpecsBody>({
      name: "extra-specs:create",
      method: "POST",
      path: "/types/:type_id/extra_specs",
      policy: policy("create"),
      request: createExtraSpecs,
      success: 200,
      handler(request) {
        const { extra_specs } = request.body;
        types.changeExtraSpecs(request.context, request.param("type_id"), extra_specs);
        return { body: { extra_specs } };
      },
    }),
    route({
      name: "extra-specs:show",
      method: "GET",
      path: "/types/:type_id/extra_specs/:key",
      policy: policy("show"),
      of: volumeType,
      success: 200,
      handler(request) {
        const key = request.param("key");
        const type = request.thing;
        const seesAll = request.allowed(policy("read_sensitive"), {});
        const value = own(visibleSpecs(type, { seesExtraSpecs: seesAll, seesQos: false }), key);
        if (value === undefined) throw notFound(`Volume Type ${type.id} has no extra specs with key ${key}.`);
        return { body: { [key]: value } };
      },
    }),
    route<Record<string, string>>({
      name: "extra-specs:update",
      method: "PUT",
      path: "/types/:type_id/extra_specs/:key",
      policy: policy("update"),
      request: updateExtraSpec,
      success: 200,
      handler(request) {
        types.get(request.context, request.param("type_id"));
        if (!Object.hasOwn(request.body, request.param("key"))) throw badRequest("Request body and URI mismatch");
        types.changeExtraSpecs(request.context, request.param("type_id"), request.body);
        return { body: request.body };
      },
    }),
    route({
      name: "extra-specs:delete",
      method: "DELETE",
      path: "/types/:type_id/extra_specs/:key",
      policy: policy("delete"),
      success: 202,
      handler(request) {
        const key = request.param("key");
        types.extraSpec(request.context, request.param("type_id"), key);
        types.changeExtraSpecs(request.context, request.param("type_id"), { [key]: null });
        return undefined;
      },
    }),
  ];
}

/** No type is encrypted. */
function encryptionRoutes(types: TypeManager): AnyRoute[] {
  return [
    route({
      name: "types:encryption",
      method: "GET",
      path: "/types/:type_id/encryption",
      policy: "volume_extension:volume_type_encryption:get",
      success: 200,
      handler(request) {
        types.get(request.context, request.param("type_id"));
        return { body: {} };
      },
    }),
    route({
      name: "types:encrypt",
      method: "POST",
      path: "/types/:type_id/encryption",
      policy: "volume_extension:volume_type_encryption:create",
      success: 200,
      handler(request) {
        types.get(request.context, request.param("type_id"));
        throw notImplemented("Encrypted volumes are not offered.");
      },
    }),
  ];
}

function defaultTypeRoutes(types: TypeManager): AnyRoute[] {
  const microversions = { min: mv("3.62") };
  const view = ({ project_id, type_id }: DefaultType) => ({ project_id, volume_type_id: type_id });
  return [
    route({
      name: "default-types:list",
      method: "GET",
      path: "/default-types",
      policy: "volume_extension:default_get_all",
      microversions,
      success: 200,
      handler: () => ({ body: { default_types: types.defaults().map(view) } }),
    }),
    route({
      name: "default-types:show",
      method: "GET",
      path: "/default-types/:default_project_id",
      policy: "volume_extension:default_get",
      microversions,
      success: 200,
      handler: ({ param }) => ({ body: { default_type: view(types.defaultOf(param("default_project_id"))) } }),
    }),
    route<DefaultTypeBody>({
      name: "default-types:set",
      method: "PUT",
      path: "/default-types/:default_project_id",
      policy: "volume_extension:default_set_or_update",
      microversions,
      request: defaultType,
      success: 200,
      handler({ context, param, body }) {
        const chosen = types.setDefault(context, param("default_project_id"), body.default_type.volume_type);
        return { body: { default_type: view(chosen) } };
      },
    }),
    route({
      name: "default-types:unset",
      method: "DELETE",
      path: "/default-types/:default_project_id",
      policy: "volume_extension:default_unset",
      microversions,
      success: 204,
      handler(request) {
        types.unsetDefault(request.param("default_project_id"));
        return undefined;
      },
    }),
  ];
}
