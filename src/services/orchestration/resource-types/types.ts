import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { CallInput } from "../../../kernel/http/perform.ts";
import type { ApiResponse } from "../../../kernel/http/route.ts";
import type { Facades } from "../../../kernel/module.ts";
import type { Kind, Schemata } from "../language/schema.ts";
import type { TemplateData } from "../language/template.ts";
import type { Action, Status } from "../states.ts";

/** What a type of resource is: data that the API shows, and what is done for one. A new one is a record in a file of its own. */
export interface ResourceType {
  /** "OS::Nova::KeyPair" */
  readonly name: string;
  /** The service it is of; null: it needs none. `client` is heat's name of it. */
  readonly service: { readonly name: keyof Facades; readonly client: string } | null;
  /** Of a type that heat has and this cloud does not: why. */
  readonly absent?: { readonly client: string; readonly reason: string };
  readonly support?: { readonly version?: string; readonly status?: string; readonly message?: string };
  readonly description?: string;
  readonly properties: Schemata;
  /** Names of former times → today's. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** What get_attr gives, beside `show`. */
  readonly attributes: Readonly<Record<string, AttributeSchema>>;
  /** Known, and no longer shown. */
  readonly formerAttributes?: Readonly<Record<string, AttributeSchema>>;
  readonly updatePolicy?: Schemata;
  /** What heat calls the class, in templates made of the type: the last part of the name otherwise. */
  readonly className?: string;

  /** What its schema cannot tell; asked before anything is made. Errors: Mistake, 400. */
  validate?(wanted: Wanted): void | Promise<void>;
  /** What get_resource stands for: the physical id otherwise, or the name. */
  reference?(made: Made): unknown;
  /** Null: not known. The path behind the name is followed by the engine unless `takesPath`. */
  attribute?(made: Made, name: string, path: readonly unknown[]): unknown;
  readonly takesPath?: boolean;
  /** Its schema refuses nothing, and every name is an attribute. */
  readonly takesAnything?: boolean;
  /** All of it as its service tells. */
  show?(made: Made): Promise<unknown>;

  /** Makes it and tells at once what it is (`setPhysicalId`). Is called again where a crash came between. */
  create?(run: Run): Promise<void> | void;
  /** Whether it is done; asked again and again. Errors: what failed. */
  isCreated?(run: Run): Promise<boolean> | boolean;
  /** `changed`: the properties that are not as before, with their new values. Errors: `replace()` where it has to be made anew. */
  update?(run: Run, changed: Values): Promise<void> | void;
  isUpdated?(run: Run): Promise<boolean> | boolean;
  /** What is gone already is no error. */
  delete?(run: Run): Promise<void> | void;
  isDeleted?(run: Run): Promise<boolean> | boolean;
  suspend?(run: Run): Promise<void> | void;
  isSuspended?(run: Run): Promise<boolean> | boolean;
  resume?(run: Run): Promise<void> | void;
  isResumed?(run: Run): Promise<boolean> | boolean;
  /** Errors: what is wrong with it. Without one its type cannot be checked. */
  check?(run: Run): Promise<void> | void;
  isChecked?(run: Run): Promise<boolean> | boolean;
  /** A copy of its data, before it goes or at a point in time. */
  snapshot?(run: Run): Promise<void> | void;
  isSnapshotDone?(run: Run): Promise<boolean> | boolean;

  /** Lets go of what the one that replaces it is to have; asked until it is free. What is gone is free. */
  release?(run: Run): Promise<boolean> | boolean;
  /** Has it again: the stack went back to what was before. */
  takeBack?(run: Run): Promise<void> | void;

  /** Whether a change needs a new one, beyond what the schema says. */
  needsReplace?(run: Made, changed: Values): boolean;
  /** Every update of its stack makes a new one. */
  readonly isRenewed?: boolean;
  /** A nested stack's changes are its own to find: it is updated whenever its owner is. */
  readonly alwaysUpdates?: boolean;
  /** Names of others that it has to wait for although nothing refers to them, by what its properties and theirs say. */
  alsoNeeds?(properties: Values, others: Others): readonly string[];
  /** Others may ask for it so. */
  readonly isNeededUnsaid?: boolean;
  /** Only administrators may have one in a template. */
  readonly adminOnly?: boolean;

  /** Takes signals. What it answers is said of it in an event; "": what was sent is; null: there is no event. Errors: what is wrong with it. */
  signal?(run: Run, details: unknown): Promise<string | null> | string | null;
  /** How a mistake in the nested template is told. */
  nestedMistake?(wanted: Wanted, message: string): string;
  /** Its user is one that templates ask for: it may read what is told of any resource of the stack. */
  readonly userSeesAll?: boolean;
  /** The stack's time was over before what was begun was done: nobody waits for it any more. */
  cancel?(run: Run): void;
  /** What the nested stack was at is over. Called in the transaction that says so. */
  nestedDone?(run: Run, succeeded: boolean): void;
  /** Its stack stands for it: what it would consist of, for previews and the parameters of nested templates. */
  nestedTemplate?(wanted: Wanted): NestedTemplate | null;
}

/** A resource as its template says, with references told apart by what they refer to. */
export interface Outline {
  readonly name: string;
  readonly type: ResourceType;
  readonly properties: Values;
}

export interface Others {
  /** Of a type, in the order of the template. */
  of(type: string): readonly Outline[];
  /** Those that it refers to. */
  readonly needed: readonly Outline[];
}

export interface AttributeSchema {
  readonly type?: Kind;
  readonly description?: string;
  /** Not shown among a resource's attributes unless asked for by name. */
  readonly live?: boolean;
}

export type Values = Readonly<Record<string, unknown>>;

/** A resource that is asked for. */
export interface Wanted {
  readonly name: string;
  readonly stack: StackInfo;
  /** By the schema's names; what nobody gave is null. What is not known yet is null, too. */
  readonly properties: Values;
  /** Whether a service is part of the cloud. */
  has(service: keyof Facades): boolean;
  /** A record of another service, as the stack's owner may call it: its body. Errors: the service's. */
  call<Body>(service: string, record: string, input?: CallInput): Promise<Body>;
  /** The same with its headers, for a service that answers in them. Errors: the service's. */
  ask(service: string, record: string, input?: CallInput): Promise<ApiResponse>;
  /** "http://198.51.100.2": where the cloud's APIs are for clients, each below its own prefix. */
  readonly baseUrl: string;
  readonly context: RequestContext;
  /** The name of the only region there is. */
  readonly region: string;
  /** What the same template says of another resource; null: nothing, or it is not asked any more. */
  declared(name: string): { readonly type: string; readonly properties: unknown } | null;
  /** What the type was mapped from, and files and environment around. */
  readonly surroundings: Surroundings;
}

export interface StackInfo {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly rootId: string;
}

export interface Surroundings {
  readonly files: Readonly<Record<string, unknown>>;
  /** What an environment maps for what is nested in this resource. */
  readonly registry: Readonly<Record<string, unknown>>;
  readonly parameterDefaults: Readonly<Record<string, unknown>>;
  /** Keys of the template's language for sections and parts of resources: a nested template may be of another. */
  readonly isCfn: boolean;
}

/** Where guests reach the cloud. */
export interface Places {
  /** "http://10.0.0.5/heat-api/v1/PROJECT": the project's or another. */
  heat(projectId?: string): string;
  /** "http://10.0.0.5/heat-api-cfn/v1" */
  readonly cfn: string;
  /** "http://10.0.0.5/identity/v3" */
  readonly identity: string;
  /** "http://10.0.0.5/object-store" */
  readonly objectStore: string;
}

/** A user that a resource has of its own, with which guests send it signals. It is made when it is first asked for, and may do nothing else. */
export interface OwnUser {
  readonly name: string;
  /** Null while there is none. */
  readonly id: string | null;
  /** The project of the users of this stack. */
  readonly projectId: string;
  readonly domainId: string;
  make(): string;
  key(): { readonly access: string; readonly secret: string };
  /** Makes one at first. */
  password(): Promise<string>;
  /** Null while it is disabled. */
  token(): string | null;
  setEnabled(enabled: boolean): void;
  delete(): void;
}

/** A config that the API keeps. */
export interface KeptConfig {
  readonly name: string | null;
  readonly group: string | null;
  readonly config: unknown;
  readonly inputs: readonly unknown[];
  readonly outputs: readonly unknown[];
  readonly options: Record<string, unknown>;
}

export interface WantedDeployment {
  readonly server: string;
  readonly action: string;
  readonly inputs: Values;
  readonly status: string;
  readonly reason: string;
  /** The config with the values of its inputs. */
  readonly config: KeptConfig;
}

export interface Deployed {
  readonly id: string;
  readonly config_id: string;
  readonly status: string | null;
  readonly status_reason: string | null;
  readonly output_values: Record<string, unknown> | null;
}

/** Deployments of software, whose rows are written together with the resource's. */
export interface Software {
  /** Null: there is none of this id that the stack's owner sees. */
  config(id: string): KeptConfig | null;
  /** The deployment that this resource is. */
  deployed(): Deployed | null;
  /** Makes it, or has it done anew. */
  deploy(wanted: WantedDeployment): void;
  settle(changes: Pick<Deployed, "status" | "status_reason" | "output_values">): void;
  remove(): void;
}

/** A resource that there is. */
export interface Made extends Wanted {
  readonly id: string;
  readonly physicalId: string | null;
  /** What its type keeps. */
  readonly data: Values;
  readonly metadata: Values;
  readonly action: string;
  readonly status: Status;
  /** "stack-resource-hrd2k3ld8c1q", at most so long. */
  physicalName(limit?: number): string;
  readonly nested: Nested;
  readonly places: Places;
  readonly user: OwnUser;
  readonly software: Software;
  /** The resource of the same stack for which get_resource gives this; null: none does. */
  sibling(reference: unknown): Sibling | null;
}

export interface Sibling {
  readonly type: ResourceType;
  readonly run: Run;
}

/** A resource that is worked on. */
export interface Run extends Made {
  /** Before this change; the same otherwise. */
  readonly before: Values;
  /** Milliseconds since the epoch, of when the present action began and of now. */
  readonly startedAt: number;
  now(): number;
  /** Durable at once. */
  setPhysicalId(id: string | null): void;
  /** Null forgets. */
  setData(key: string, value: unknown): void;
  setMetadata(metadata: Values): void;
  /** What comes out of the metadata of now, in one piece with reading them. */
  changeMetadata(change: (now: Values) => Values): void;
  /** Writes of the body are durable together or not at all; it cannot wait for anything. */
  together<T>(body: () => T extends Promise<unknown> ? never : T): void;
  /** Whether an id is another resource's already. */
  isHeld(physicalId: string): boolean;
}

export interface NestedTemplate {
  readonly template: TemplateData;
  readonly parameters: Values;
  /** In place of what the resource's environment maps. */
  readonly registry?: Values;
  readonly files?: Values;
  readonly timeoutMins?: number | null;
}

/** The stack that a resource stands for; its physical id. */
export interface Nested {
  create(template: NestedTemplate): void;
  update(template: NestedTemplate): void;
  delete(): void;
  act(action: "SUSPEND" | "RESUME" | "CHECK" | "SNAPSHOT"): void;
  /** Null: there is none. */
  state(): { name: string; action: Action; status: Status; reason: string } | null;
  /** Whether it is done with an action. Errors: what failed. */
  isDone(action: Action): boolean;
  template(): TemplateData | null;
  /** Undefined: there is no such output. */
  output(name: string): Promise<unknown>;
  outputs(): Promise<Record<string, unknown>>;
  /** Its resources in the order of the template: name, what get_resource gives, attributes. */
  members(): readonly Member[];
}

export interface Member {
  readonly name: string;
  readonly type: string;
  readonly action: string;
  readonly status: string;
  readonly physicalId: string | null;
  readonly createdAt: number;
  reference(): unknown;
  attribute(name: string, path: readonly unknown[]): Promise<unknown>;
}

/** What went wrong with a resource, in the words of heat: the class of its error, and what it says. */
export class ResourceError extends Error {
  readonly kind: string;
  /** The resource in a nested stack that it is about: "resources.server". */
  inner: string | null = null;

  constructor(kind: string, message: string) {
    super(message);
    this.name = "ResourceError";
    this.kind = kind;
  }
}

/** It has to be made anew. */
export class NeedsReplacement extends Error {}
export const replace = (): NeedsReplacement => new NeedsReplacement("replacement is needed");

export const inError = (reason: string, status = "ERROR"): ResourceError =>
  new ResourceError("ResourceInError", `Went to status ${status} due to "${reason}"`);
export const unknownStatus = (result: string, status: string, reason = "Unknown"): ResourceError =>
  new ResourceError("ResourceUnknownStatus", `${result} - Unknown status ${status} due to "${reason}"`);
