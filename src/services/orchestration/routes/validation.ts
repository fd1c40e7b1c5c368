import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { badRequest } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import type { StackModel } from "../manager/model.ts";
import type { Given } from "../manager/stacks.ts";
import { parameterView } from "../views/types.ts";

/** What /validate tells of a template. */

/** Errors: 400. What is wrong with a template comes in the API's own name; what cannot be read at all, in its own. */
export async function validated(
  { stacks, validation }: Managers,
  context: RequestContext,
  given: Given,
): Promise<StackModel> {
  const model = stacks.imagined(context, "dummy", given);
  try {
    validation.template(model.source.template);
    await validation.stack(model, { strict: false, templateOnly: true, context });
  } catch (error) {
    if (error instanceof ApiError && error.type === "StackValidationFailed") throw badRequest(error.message);
    throw error;
  }
  return model;
}

export async function parametersView(
  managers: Managers,
  model: StackModel,
  context: RequestContext,
  nested: boolean,
): Promise<Record<string, unknown>> {
  const { template, environment } = model.source;
  const groups = template.parameterGroups;
  return {
    ...(await describedView(managers, model, context, nested)),
    ...(Array.isArray(groups) && groups.length > 0 ? { ParameterGroups: groups } : {}),
    Environment: managers.stacks.shownEnvironment(environment, model),
  };
}

async function describedView(
  managers: Managers,
  model: StackModel,
  context: RequestContext,
  nested: boolean,
): Promise<Record<string, unknown>> {
  const Parameters = Object.fromEntries(
    model.parameters
      .declared()
      .map((parameter) => [parameter.name, parameterView(parameter, managers.types.kindWord(parameter))]),
  );
  const view = { Description: model.source.template.description, Parameters };
  if (!nested) return view;
  const found = await managers.inspection.nestedParameters(model, context);
  if (found.size === 0) return view;
  const inner = [...found].map(async ([name, child]) => [
    name,
    { Type: child.type, ...(await describedView(managers, child.model, context, true)) },
  ]);
  return { ...view, NestedParameters: Object.fromEntries(await Promise.all(inner)) };
}
