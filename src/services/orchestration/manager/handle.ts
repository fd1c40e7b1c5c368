import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { CallInput } from "../../../kernel/http/perform.ts";
import type { ApiResponse } from "../../../kernel/http/route.ts";
import type { Facades } from "../../../kernel/module.ts";
import type {
  Nested,
  OwnUser,
  Places,
  Run,
  Sibling,
  Software,
  StackInfo,
  Surroundings,
  Values,
} from "../resource-types/types.ts";
import type { ResourceRow } from "../store/resources.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { NestedStack } from "./nested.ts";
import { OwnSoftware } from "./own-software.ts";
import { ResourceUser } from "./users.ts";

export interface HandleOptions {
  readonly core: Core;
  readonly stack: StackRow;
  readonly row: ResourceRow;
  readonly surroundings: Surroundings;
  readonly nested: (handle: Handle) => NestedStack;
  readonly sibling: (reference: unknown) => Sibling | null;
  /** In place of those the row has: what it is about to be changed to. */
  readonly properties?: Values;
}

/** A resource as its type sees it. What it writes is durable at once. */
export class Handle implements Run {
  readonly #core: Core;
  readonly #stack: StackRow;
  readonly #options: HandleOptions;
  #row: ResourceRow;
  #context: RequestContext | null = null;
  #nested: Nested | null = null;

  constructor(options: HandleOptions) {
    this.#core = options.core;
    this.#stack = options.stack;
    this.#row = options.row;
    this.#options = options;
  }

  get row(): ResourceRow {
    return this.#row;
  }

  get stackRow(): StackRow {
    return this.#stack;
  }

  get id(): string {
    return this.#row.id;
  }

  get name(): string {
    return this.#row.name;
  }

  get stack(): StackInfo {
    const { id, name, project_id, root_id } = this.#stack;
    return { id, name, projectId: project_id, rootId: root_id };
  }

  get properties(): Values {
    return this.#options.properties ?? this.#row.properties;
  }

  get before(): Values {
    return this.#row.properties;
  }

  get physicalId(): string | null {
    return this.#row.physical_id;
  }

  get data(): Values {
    return this.#row.data;
  }

  get metadata(): Values {
    return this.#row.metadata;
  }

  get action(): string {
    return this.#row.action;
  }

  get status() {
    return this.#row.status;
  }

  get startedAt(): number {
    return this.#row.started_at ?? this.#row.created_at;
  }

  get surroundings(): Surroundings {
    return this.#options.surroundings;
  }

  get region(): string {
    return this.#core.kernel.settings.regionName;
  }

  get context(): RequestContext {
    this.#context ??= this.#core.contextOf(this.#stack);
    return this.#context;
  }

  get nested(): Nested {
    this.#nested ??= this.#options.nested(this);
    return this.#nested;
  }

  get places(): Places {
    return this.#core.placesOf(this.#stack);
  }

  get user(): OwnUser {
    return new ResourceUser(this.#core, this.#stack, this);
  }

  get software(): Software {
    return new OwnSoftware(this.#core, this.#stack, this);
  }

  declared(): null {
    return null;
  }

  readonly sibling = (reference: unknown): Sibling | null => this.#options.sibling(reference);

  now(): number {
    return this.#core.now;
  }

  has(service: keyof Facades): boolean {
    return this.#core.has(service);
  }

  // Handed on by types as functions.
  readonly ask = (service: string, record: string, input: CallInput = {}): Promise<ApiResponse> =>
    this.#core.kernel.call(service, record, this.#core.contextOf(this.#stack), input);

  readonly call = async <Body>(service: string, record: string, input: CallInput = {}): Promise<Body> =>
    (await this.ask(service, record, input)).body as Body;

  get baseUrl(): string {
    return this.#core.kernel.settings.api.baseUrl;
  }

  readonly physicalName = (limit = 255): string => physicalName(this.#stack.name, this.#row, limit);

  setPhysicalId(id: string | null): void {
    this.#set({ physical_id: id });
  }

  setData(key: string, value: unknown): void {
    const { [key]: _former, ...rest } = this.#row.data;
    this.#set({ data: value === null || value === undefined ? rest : { ...rest, [key]: value } });
  }

  setMetadata(metadata: Values): void {
    this.#set({ metadata: { ...metadata } });
  }

  changeMetadata(change: (now: Values) => Values): void {
    this.#core.kernel.db.transaction(() => {
      this.reload();
      this.setMetadata(change(this.#row.metadata));
    });
  }

  together<T>(body: () => T extends Promise<unknown> ? never : T): void {
    this.#core.kernel.db.transaction(() => void body());
  }

  isHeld(physicalId: string): boolean {
    return this.#core.resources.holds(physicalId);
  }

  #set(changes: Partial<ResourceRow>): void {
    this.#core.setResource(this.#row.id, changes);
    this.#row = { ...this.#row, ...changes };
  }

  /** As it is in the database now: others may have written, too. */
  reload(): void {
    this.#row = this.#core.resources.get(this.#row.id) ?? this.#row;
  }
}

/** heat/common/short_id and resource.py physical_resource_name: what is too long loses of its middle. */
export function physicalName(
  stack: string,
  { name, suffix }: Pick<ResourceRow, "name" | "suffix">,
  limit: number,
): string {
  const full = `${stack}-${name}-${suffix}`;
  if (full.length <= limit) return full;
  // Two letters of the stack's name and the end that makes it one of a kind.
  const rest = `${stack}-${name}`.slice(2);
  return `${full.slice(0, 2)}-${rest.slice(Math.max(0, rest.length - (limit - suffix.length - 4)))}-${suffix}`;
}
