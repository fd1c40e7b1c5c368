import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { ApiError, messageOf } from "../../../kernel/errors.ts";
import { Mistake, ValidationFailed } from "../language/mistakes.ts";
import { NeedsReplacement, ResourceError, type ResourceType, type Values } from "../resource-types/types.ts";
import type { Action } from "../states.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { Handle } from "./handle.ts";

/** What is done to one resource for one action of its stack, with its states and events. */

/** First and longest pause between two looks whether something is done, milliseconds. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1000;

/** How often a delete that conflicts with what is still there is asked for again (heat's action_retry_limit), and the first pause, which doubles. */
const DELETE_RETRIES = 5;
const RETRY_PAUSE = 500;

/** Why work on a resource ended: its stack's, with the words of the resource's failure. */
export class ResourceFailed extends Error {
  readonly action: Action;

  constructor(action: Action, reason: string) {
    super(`Resource ${action} failed: ${reason}`);
    this.action = action;
  }
}

/** The stack's time is over. */
export class TimedOut extends Error {}

export interface WorkLimits {
  /** Another action took over, or the process ends. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

interface Verb {
  begin(): Promise<void> | void;
  isDone(): Promise<boolean> | boolean;
  /** Nobody waits for it any more. */
  cancel?(): void;
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  413: "OverLimit",
  500: "InternalServerError",
  503: "ServiceUnavailable",
};

/** "Kind: resources.name: message" */
export function reasonOf(error: unknown, name: string, section: string): string {
  const message = messageOf(error);
  if (error instanceof ResourceError) {
    const path = [`${section}.${name}`, ...(error.inner === null ? [] : [error.inner])].join(".");
    return `${error.kind}: ${path}: ${message}`;
  }
  const kind = error instanceof ApiError ? kindOf(error) : error instanceof Mistake ? error.kind : "Error";
  if (error instanceof ValidationFailed) return `StackValidationFailed: ${section}.${name}: ${message}`;
  return `${kind}: ${section}.${name}: ${message}`;
}

const kindOf = ({ type, status }: ApiError): string =>
  /^(HTTP|PolicyNotAuthorized)/.test(type) ? (STATUS_WORDS[status] ?? type) : type;

export class ResourceWork {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** State and event at once. */
  state(
    stack: StackRow,
    id: string,
    action: Action,
    status: "IN_PROGRESS" | "FAILED" | "COMPLETE",
    reason = "state changed",
    changes: Partial<ResourceRow> = {},
  ): void {
    const now = this.#core.now;
    const times = status === "IN_PROGRESS" ? { started_at: now } : {};
    this.#core.kernel.db.transaction(() => {
      this.#core.setResource(id, { ...changes, ...times, action, status, status_reason: reason });
      const row = this.#core.resources.get(id);
      if (row !== undefined) this.#core.recordResource(stack, row, action, status, reason);
    });
  }

  /** Begins, or goes on where a crash interrupted it: what has begun is begun again only where its type can. */
  async carryOut(
    handle: Handle,
    action: Action,
    verb: Verb,
    limits: WorkLimits & { section: string; done?: Partial<ResourceRow>; begun?: boolean },
  ): Promise<void> {
    const stack = handle.stackRow;
    try {
      if (limits.begun !== true) await (action === "DELETE" ? this.#beginDelete(verb, limits) : verb.begin());
      await this.#untilDone(verb, limits);
    } catch (error) {
      if (isUnwritable(error) || limits.signal.aborted || error instanceof NeedsReplacement) throw error;
      const reason = error instanceof TimedOut ? messageOf(error) : reasonOf(error, handle.name, limits.section);
      if (error instanceof TimedOut) verb.cancel?.();
      this.state(stack, handle.id, action, "FAILED", reason);
      if (error instanceof TimedOut) throw error;
      throw new ResourceFailed(action, reason);
    }
    this.state(stack, handle.id, action, "COMPLETE", "state changed", limits.done);
  }

  /**
   * A subnet goes when the ports of a server have gone that is being deleted beside it; a template need not say that one needs the other
   * (heat/engine/resource.py `delete`).
   */
  async #beginDelete({ begin }: Verb, { signal, deadline }: WorkLimits): Promise<void> {
    for (let retry = 0; ; retry += 1) {
      try {
        return await begin();
      } catch (error) {
        const isConflict = error instanceof ApiError && error.status === 409;
        if (!isConflict || retry === DELETE_RETRIES || this.#core.now >= deadline) throw error;
      }
      await this.#core.pause(RETRY_PAUSE * 2 ** retry, signal);
      signal.throwIfAborted();
    }
  }

  async #untilDone({ isDone }: Verb, { signal, deadline }: WorkLimits): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!(await isDone())) {
      if (this.#core.now >= deadline) throw new TimedOut("Timed out");
      await this.#core.pause(Math.min(pause, Math.max(1, deadline - this.#core.now)), signal);
      signal.throwIfAborted();
      pause = Math.min(LONGEST_PAUSE, pause * 1.5);
    }
  }
}

const nothing = () => {};
const yes = () => true;

/** What a type does for an action. */
export function verbOf(type: ResourceType, handle: Handle, action: Action, changed: Values = {}): Verb {
  const {
    create,
    isCreated,
    update,
    isUpdated,
    suspend,
    isSuspended,
    resume,
    isResumed,
    check,
    isChecked,
    snapshot,
    isSnapshotDone,
  } = type;
  const remove = type.delete;
  const verb = (
    begin: (() => Promise<void> | void) | undefined,
    isDone: (() => Promise<boolean> | boolean) | undefined,
  ): Verb => ({
    begin: begin ?? nothing,
    isDone: isDone ?? yes,
    cancel: () => type.cancel?.(handle),
  });
  const bound = <T>(method: ((run: Handle) => T) | undefined) =>
    method === undefined ? undefined : () => method.call(type, handle);
  switch (action) {
    case "UPDATE":
      return verb(update === undefined ? undefined : () => update.call(type, handle, changed), bound(isUpdated));
    case "DELETE":
      return verb(bound(remove), bound(type.isDeleted));
    case "SUSPEND":
      return verb(bound(suspend), bound(isSuspended));
    case "RESUME":
      return verb(bound(resume), bound(isResumed));
    case "CHECK":
      return verb(bound(check), bound(isChecked));
    case "SNAPSHOT":
      return verb(bound(snapshot), bound(isSnapshotDone));
    default:
      return verb(bound(create), bound(isCreated));
  }
}
