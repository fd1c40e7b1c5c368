import { hostname } from "node:os";
import { type AnyRoute, caller, route } from "../../../kernel/http/route.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import { badRequest } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import type { StackRow } from "../store/stacks.ts";
import { ownTenant, STACK, stackOf, TENANT } from "./paths.ts";

/** What is done to whole stacks beside making and changing them, and who does it. */
export function actionRoutes({ core, stacks }: Managers): AnyRoute[] {
  const stack = stackOf(stacks);
  const actions: Readonly<Record<string, (stack: StackRow) => void>> = {
    suspend: (one) => stacks.act(one, "SUSPEND"),
    resume: (one) => stacks.act(one, "RESUME"),
    check: (one) => stacks.act(one, "CHECK"),
    cancel_update: (one) => stacks.cancel(one, true),
    cancel_without_rollback: (one) => stacks.cancel(one, false),
  };
  return [
    route<Record<string, unknown> | null, StackRow>({
      name: "stacks:action",
      method: "POST",
      path: `${STACK}/actions`,
      url: ownTenant,
      policy: "actions:action",
      of: stack,
      success: 200,
      handler({ body, thing }) {
        const [action, ...others] = Object.keys(body ?? {});
        if (action === undefined) throw badRequest("No action specified");
        if (others.length > 0) throw badRequest("Multiple actions specified");
        const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
        if (act === undefined) throw badRequest(`Invalid action ${action} specified`);
        act(thing);
        return { body: null };
      },
    }),
    route<unknown, StackRow>({
      name: "stacks:export",
      method: "GET",
      path: `${STACK}/export`,
      url: ownTenant,
      policy: "stacks:export",
      of: stack,
      success: 200,
      handler: ({ thing }) => ({ body: stacks.export(thing) }),
    }),
    route<unknown, StackRow>({
      name: "stacks:abandon",
      method: "DELETE",
      path: `${STACK}/abandon`,
      url: ownTenant,
      policy: "stacks:abandon",
      of: stack,
      success: 200,
      handler: ({ thing }) => ({ body: stacks.abandon(thing) }),
    }),
    route({
      name: "services:list",
      method: "GET",
      path: `${TENANT}/services`,
      url: ownTenant,
      policy: "service:index",
      of: caller,
      success: 200,
      handler() {
        const host = hostname();
        const seen = isoMicrosNaive(core.now);
        // There is one engine: this process.
        const engine = { id: ENGINE, binary: "heat-engine", engine_id: ENGINE, host, hostname: host, topic: "engine" };
        const times = { report_interval: 60, created_at: seen, updated_at: seen, deleted_at: null, status: "up" };
        return { body: { services: [{ ...engine, ...times }] } };
      },
    }),
  ];
}

const ENGINE = crypto.randomUUID();
