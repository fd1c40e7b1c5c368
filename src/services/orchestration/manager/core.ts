import { EventEmitter } from "node:events";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Facades, Kernel } from "../../../kernel/module.ts";
import type { OwnAccounts } from "../../identity/facade.ts";
import type { Environment } from "../language/environment.ts";
import { Registry } from "../language/environment.ts";
import { Template } from "../language/template.ts";
import { type Places, ResourceError } from "../resource-types/types.ts";
import { EventTable } from "../store/events.ts";
import { type ResourceChanges, type ResourceRow, ResourceTable } from "../store/resources.ts";
import { SnapshotTable } from "../store/snapshots.ts";
import { ConfigTable, DeploymentTable } from "../store/software.ts";
import { type StackChanges, type StackRow, StackTable } from "../store/stacks.ts";
import { type TemplateRow, TemplateTable } from "../store/templates.ts";

/** A template that was read, with what comes with it. */
export interface Source {
  readonly template: Template;
  readonly files: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  readonly registry: Registry;
}

const DOMAIN = { name: "heat", description: "Owns users and projects created by heat" };

/** What the managers of this service share. */
export class Core {
  readonly kernel: Kernel;
  readonly stacks: StackTable;
  readonly resources: ResourceTable;
  readonly events: EventTable;
  readonly templates: TemplateTable;
  readonly snapshots: SnapshotTable;
  readonly configs: ConfigTable;
  readonly deployments: DeploymentTable;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.stacks = new StackTable(kernel.db);
    this.resources = new ResourceTable(kernel.db);
    this.events = new EventTable(kernel.db);
    this.templates = new TemplateTable(kernel.db);
    this.snapshots = new SnapshotTable(kernel.db);
    this.configs = new ConfigTable(kernel.db);
    this.deployments = new DeploymentTable(kernel.db);
  }

  get now(): number {
    return this.kernel.clock.now();
  }

  get limits() {
    return this.kernel.settings.orchestration;
  }

  /** Users of resources, in a domain of heat's own. */
  get accounts(): OwnAccounts {
    return this.kernel.facade("identity").ownAccounts(DOMAIN);
  }

  placesOf({ project_id }: Pick<StackRow, "project_id">): Places {
    const { baseUrl } = this.kernel.settings.api;
    return {
      heat: (projectId = project_id) => `${baseUrl}/heat-api/v1/${projectId}`,
      cfn: `${baseUrl}/heat-api-cfn/v1`,
      identity: `${baseUrl}/identity/v3`,
      objectStore: `${baseUrl}/object-store`,
    };
  }

  has(service: keyof Facades): boolean {
    return this.kernel.has(service);
  }

  /** Errors: 400. */
  source(row: Pick<TemplateRow, "data" | "files" | "environment">): Source {
    const environment = row.environment as unknown as Environment;
    return {
      template: new Template(row.data),
      files: row.files,
      environment,
      registry: new Registry(environment.resource_registry),
    };
  }

  /** Of a stack that there is. */
  templateOf(id: string): TemplateRow {
    const row = this.templates.get(id);
    if (row === undefined) throw new Error(`template ${id} is gone`);
    return row;
  }

  /**
   * Who works on a stack behind its owner's back: the owner, with those of the roles that there were when it was made and that there still
   * are. Errors: ResourceError where nothing is left.
   */
  contextOf({ user_id, project_id, roles }: StackRow): RequestContext {
    const identity = this.kernel.facade("identity").actAs({ userId: user_id, projectId: project_id, roles });
    if (identity === null) throw new ResourceError("AuthorizationFailure", "Authorization failed.");
    const requestId = this.kernel.tracer.requestId ?? `req-${uuid()}`;
    return { ...identity, requestId, serviceRoles: new Set() };
  }

  setStack(id: string, changes: StackChanges): void {
    this.stacks.update(id, changes);
    this.announce();
  }

  setResource(id: string, changes: ResourceChanges): void {
    this.resources.update(id, changes);
    this.announce();
  }

  record(
    stack: StackRow,
    event: {
      resource: string;
      physicalId: string | null;
      action: string;
      status: string;
      reason: string;
      type: string;
      properties?: Record<string, unknown>;
    },
  ): void {
    this.events.insert({
      sequence: null,
      id: uuid(),
      stack_id: stack.id,
      resource_name: event.resource,
      physical_id: event.physicalId,
      action: event.action,
      status: event.status,
      reason: event.reason,
      type: event.type,
      properties: event.properties ?? {},
      created_at: this.now,
    });
  }

  recordStack(stack: StackRow, action: string, status: string, reason: string): void {
    this.record(stack, { resource: stack.name, physicalId: stack.id, action, status, reason, type: "OS::Heat::Stack" });
  }

  recordResource(stack: StackRow, row: ResourceRow, action: string, status: string, reason: string): void {
    const { name, physical_id, type, properties } = row;
    this.record(stack, { resource: name, physicalId: physical_id, action, status, reason, type, properties });
  }

  /** Those who wait look again once it is committed. */
  announce(): void {
    this.kernel.db.afterCommit(() => this.#changes.emit("changed"));
  }

  /** Until so much time has passed, something of this service has changed, or the signal says so. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = this.kernel.clock.after(milliseconds, resolve);
    this.#changes.once("changed", resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
    return promise.finally(() => {
      callOff();
      this.#changes.off("changed", resolve);
    });
  }
}
