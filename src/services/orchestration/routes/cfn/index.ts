import { type AnyRoute, route } from "../../../../kernel/http/route.ts";
import type { Managers } from "../../manager/index.ts";
import type { StackRow } from "../../store/stacks.ts";
import { stackOfGuests } from "../paths.ts";

/** Where URLs lead that users of resources have signed: the signals of guests. */
export function guestRoutes({ stacks, inspection }: Managers): AnyRoute[] {
  const stack = stackOfGuests(stacks);
  /** heat's ARN of a resource, whose slashes stand as they are. */
  const PATH = ":url_arn/:stack_name/:stack_id/resources/:resource_name";
  return [
    route<unknown, StackRow>({
      name: "waitconditions:signal",
      method: "PUT",
      path: `/v1/waitcondition/${PATH}`,
      policy: "resource:signal",
      of: stack,
      success: 200,
      async handler({ thing, param, context, body }) {
        const shown = inspection.resource(thing, param("resource_name"));
        inspection.requireOwn(shown, context);
        const metadata = await inspection.signal(shown, body, true);
        return { body: { resource: shown.row.name, metadata } };
      },
    }),
    route<unknown, StackRow>({
      name: "signals:send",
      method: "POST",
      path: `/v1/signal/${PATH}`,
      policy: "resource:signal",
      of: stack,
      success: 200,
      async handler({ thing, param, context, body }) {
        const shown = inspection.resource(thing, param("resource_name"));
        inspection.requireOwn(shown, context);
        await inspection.signal(shown, body);
        return undefined;
      },
    }),
  ];
}
