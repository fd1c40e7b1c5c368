import { badRequest, notFound } from "../../../kernel/errors.ts";
import type { ServiceRow } from "../store/services.ts";
import type { Core } from "./core.ts";

/** Undefined: as it is. */
export interface ServiceChanges {
  disabled?: boolean | undefined;
  reason?: string | null | undefined;
  forcedDown?: boolean | undefined;
}

/** nova's services, which are all this process. */
export class ServiceManager {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  list(): ServiceRow[] {
    return this.#core.hosts.services();
  }

  /** Errors: 404. */
  at(host: string, binary: string): ServiceRow {
    const found = this.list().find((row) => row.host === host && row.binary === binary);
    if (found === undefined) throw notFound(`Could not find binary ${binary} on host ${host}.`);
    return found;
  }

  /** Errors: 404; 400 for one that is not nova-compute, or for a reason without disabling it. */
  update(uuid: string, changes: ServiceChanges): ServiceRow {
    const found = this.list().find((row) => row.uuid === uuid);
    if (found === undefined) throw notFound(`Service ${uuid} could not be found.`);
    if (changes.disabled !== true && changes.reason !== undefined)
      throw badRequest("Specifying disabled_reason requires that status is disabled.");
    if (found.binary !== "nova-compute")
      throw badRequest(
        `Updating a ${found.binary} service is not supported. Only nova-compute services can be updated.`,
      );
    return this.change(found, changes);
  }

  /** One that is disabled or enabled has no older reason any more. */
  change(row: ServiceRow, { disabled, reason, forcedDown }: ServiceChanges): ServiceRow {
    const changed = {
      disabled: disabled ?? row.disabled === 1,
      reason: disabled === undefined ? row.disabled_reason : (reason ?? null),
      forcedDown: forcedDown ?? row.forced_down === 1,
    };
    this.#core.hosts.updateService(row.id, changed);
    return {
      ...row,
      disabled: changed.disabled ? 1 : 0,
      disabled_reason: changed.reason,
      forced_down: changed.forcedDown ? 1 : 0,
    };
  }

  /** Of the host. */
  disable(disabled: boolean): void {
    const row = this.#core.hosts.compute();
    if (row !== undefined) this.change(row, { disabled });
  }
}
