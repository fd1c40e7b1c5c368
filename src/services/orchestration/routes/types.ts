import { type AnyRoute, caller, route } from "../../../kernel/http/route.ts";
import { badRequest } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import { readGiven } from "../manager/reading.ts";
import { anyObject } from "../schemas/stacks.ts";
import { typeView } from "../views/types.ts";
import { booleanOf, flag, ownTenant, TENANT } from "./paths.ts";
import { MAX_BODY, type StackBody } from "./stacks.ts";
import { parametersView, validated } from "./validation.ts";

/** Types of resources, versions of the languages, and templates by themselves. */
export function typeRoutes(managers: Managers): AnyRoute[] {
  const { types, core } = managers;
  // Types are everybody's: a name in the path is nobody's thing.
  const read = { method: "GET", url: ownTenant, of: caller, success: 200 } as const;
  return [
    route({
      ...read,
      name: "resource-types:list",
      path: `${TENANT}/resource_types`,
      policy: "stacks:list_resource_types",
      handler(request) {
        const { query } = request;
        const found = types.list(request.context, {
          status: query.get("support_status"),
          name: query.get("name"),
          version: query.get("version"),
        });
        const described = flag(request, "with_description");
        return {
          body: {
            resource_types: found.map(({ name, description = "" }) =>
              described ? { resource_type: name, description } : name,
            ),
          },
        };
      },
    }),
    route({
      ...read,
      name: "resource-types:show",
      path: `${TENANT}/resource_types/:url_type_name`,
      policy: "stacks:resource_schema",
      handler({ context, param, query }) {
        const described = query.get("with_description") ?? "false";
        const type = types.get(context, param("url_type_name"));
        return { body: typeView(type, types.show, booleanOf("with_description", described)) };
      },
    }),
    route({
      ...read,
      name: "resource-types:template",
      path: `${TENANT}/resource_types/:url_type_name/template`,
      policy: "stacks:generate_template",
      handler({ context, param, query }) {
        const asked = query.get("template_type") ?? "cfn";
        const language = asked.toLowerCase();
        if (language !== "hot" && language !== "cfn") {
          throw badRequest(
            `Template type is not supported: Invalid template type "${asked}", valid types are: cfn, hot.`,
          );
        }
        return { body: types.templateOf(types.get(context, param("url_type_name")), language) };
      },
    }),
    route({
      ...read,
      name: "template-versions:list",
      path: `${TENANT}/template_versions`,
      policy: "stacks:list_template_versions",
      handler: () => ({
        body: {
          template_versions: types.versions.map(({ name, type, aliases }) => ({ version: name, type, aliases })),
        },
      }),
    }),
    route({
      ...read,
      name: "template-functions:list",
      path: `${TENANT}/template_versions/:url_version/functions`,
      policy: "stacks:list_template_functions",
      handler(request) {
        const found = types.functions(request.param("url_version"), flag(request, "with_condition_func"));
        return {
          body: { template_functions: found.map(({ name, description }) => ({ functions: name, description })) },
        };
      },
    }),
    route<StackBody>({
      name: "templates:validate",
      method: "POST",
      path: `${TENANT}/validate`,
      url: ownTenant,
      policy: "stacks:validate_template",
      of: caller,
      request: anyObject,
      maxBody: MAX_BODY,
      success: 200,
      async handler(request) {
        const { body, context } = request;
        const given = readGiven(body, core.limits.maxTemplateSize);
        const model = await validated(managers, context, given);
        const nested = flag(request, "show_nested");
        return { body: await parametersView(managers, model, context, nested) };
      },
    }),
    route({
      ...read,
      name: "build-info:show",
      path: `${TENANT}/build_info`,
      policy: "build_info:build_info",
      handler: () => ({ body: { api: { revision: "unknown" }, engine: { revision: "unknown" } } }),
    }),
  ];
}
