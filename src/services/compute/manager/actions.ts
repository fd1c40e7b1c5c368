import type { RequestContext } from "../../../kernel/auth/context.ts";
import { OperationCancelled, type OperationHandle, type OperationRun } from "../../../kernel/operations/operations.ts";
import { requireReady, type Transition } from "../states.ts";
import type { Server, ServerChanges } from "../store/servers.ts";
import { change, faultOf, requireServer } from "./change.ts";
import type { Core } from "./core.ts";

interface Envelope<Input> {
  serverId: string;
  input: Input;
}

interface Outcome {
  changes: ServerChanges;
}

export interface ActionDefinition<Input> {
  /** "pause"; the operation is compute.server.pause. */
  name: string;
  /** What os-instance-actions calls its event: "compute_pause_instance". */
  event: string;
  /** See `OperationDefinition`. */
  needs?: string;
  /** Does it and answers what changes on the server. Runs again after a crash in its midst. */
  run(server: Server, input: Input, run: OperationRun<unknown, unknown>): Promise<ServerChanges> | ServerChanges;
  /** What a failure changes, beside clearing the task and noting the fault. */
  failed?(server: Server, input: Input, error: Error): ServerChanges;
}

export interface ActionHandle<Input> {
  /**
   * Checks lock and state, sets the task_state and starts the work, in one transaction.
   * Errors: 409. Answers the server as it is now.
   */
  start(context: RequestContext, server: Server, transition: Transition, input: Input, changes?: ServerChanges): Server;
}

/** Notes a call in the list of instance actions; `end` is for those that are over at once. */
export function recordAction(
  core: Core,
  context: RequestContext,
  server: Server,
  names: { action: string; event: string },
): { end(): void } {
  const now = core.kernel.clock.now();
  core.actions.begin(
    {
      server_id: server.id,
      action: names.action,
      request_id: context.requestId,
      user_id: context.userId,
      project_id: context.projectId,
      event: names.event,
    },
    now,
  );
  return { end: () => core.actions.finish(server.id, context.requestId, { error: null }, core.kernel.clock.now()) };
}

/** One kind of work on a running server, as an operation. */
export function defineAction<Input = null>(core: Core, definition: ActionDefinition<Input>): ActionHandle<Input> {
  const { kernel } = core;
  const operation: OperationHandle<Envelope<Input>> = kernel.operations.define<Envelope<Input>, Outcome>({
    kind: `compute.server.${definition.name}`,
    ...(definition.needs === undefined ? {} : { needs: definition.needs }),
    steps: [
      {
        name: definition.name,
        do: async (run) => {
          const server = requireServer(core, run.input.serverId);
          run.data.changes = await definition.run(server, run.input.input, run as OperationRun<unknown, unknown>);
        },
      },
    ],
    onDone({ input, data, requestId }) {
      const server = core.servers.get(input.serverId);
      if (server === undefined || server.deletedAt !== null) return;
      change(core, server.id, { taskState: null, ...data.changes });
      core.actions.finish(server.id, requestId, { error: null }, kernel.clock.now());
    },
    onFailed({ input, requestId }, error) {
      const server = core.servers.get(input.serverId);
      const now = kernel.clock.now();
      core.actions.finish(input.serverId, requestId, { error: error.message }, now);
      if (server === undefined || server.deletedAt !== null) return;
      if (error instanceof OperationCancelled || server.taskState === "deleting") return;
      change(core, server.id, {
        taskState: null,
        fault: faultOf(error, now),
        ...definition.failed?.(server, input.input, error),
      });
    },
  });
  return {
    start: (context, server, transition, input, changes = {}) =>
      kernel.db.transaction(() => {
        const current = requireServer(core, server.id);
        requireReady(context, current, transition);
        recordAction(core, context, current, { action: transition.action, event: definition.event });
        operation.start({
          resource: `server:${server.id}`,
          requestId: context.requestId,
          input: { serverId: server.id, input },
        });
        return change(core, server.id, { taskState: transition.task, ...changes });
      }),
  };
}
