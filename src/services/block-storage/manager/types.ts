import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import { isUuidLike, uuid } from "../../../kernel/ids/ids.ts";
import { duplicate, invalidInput, typeNotFound, typeNotFoundByName } from "../errors.ts";
import type { TypeRow } from "../store/types.ts";
import type { Core } from "./core.ts";

/** The type of volumes that name none, when no other default is set. Made by cinder's own migrations. */
export const FALLBACK_TYPE = "__DEFAULT__";

export interface DefaultType {
  project_id: string;
  type_id: string;
}

export interface TypeInput {
  name: string;
  description?: string | null;
  isPublic: boolean;
  extraSpecs: Readonly<Record<string, string>>;
}

/** Volume types, their extra specs, who may use private ones, and which one is taken by default. */
export class TypeManager {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404, also for a private type that the project may not use. */
  get(context: RequestContext, id: string): TypeRow {
    const type = this.#core.types.get(id);
    if (type === undefined || !this.#usable(context, type)) throw typeNotFound(id);
    return type;
  }

  /** Errors: 404. */
  byNameOrId(context: RequestContext, nameOrId: string): TypeRow {
    const type = this.find(context, nameOrId);
    if (type === null) throw isUuidLike(nameOrId) ? typeNotFound(nameOrId) : typeNotFoundByName(nameOrId);
    return type;
  }

  /** The type of this name or id; null when there is none that this caller may use. */
  find(context: RequestContext, nameOrId: string): TypeRow | null {
    const { types } = this.#core;
    const type = types.get(nameOrId) ?? types.byName(nameOrId);
    return type === undefined || !this.#usable(context, type) ? null : type;
  }

  /** The project's default, else the configured one (the first backend's), else the fallback. */
  default(projectId: string | null): TypeRow {
    const { types, kernel } = this.#core;
    const own = projectId === null ? undefined : types.defaults.find({ project_id: projectId })?.type_id;
    const configured = kernel.settings.blockStorage.backends[0]?.name ?? FALLBACK_TYPE;
    const found =
      (own === undefined ? undefined : types.get(own)) ?? types.byName(configured) ?? types.byName(FALLBACK_TYPE);
    if (found === undefined) throw badRequest(`Volume type with name ${configured} could not be found.`);
    return found;
  }

  /** Errors: 409 when the name is taken. */
  create(input: TypeInput): TypeRow {
    const { types, kernel, now } = this.#core;
    return kernel.db.transaction(() => {
      if (types.byName(input.name) !== undefined) throw duplicate(`Volume Type ${input.name} already exists.`);
      const type: TypeRow = {
        id: uuid(),
        name: input.name,
        description: input.description ?? null,
        is_public: input.isPublic,
        extra_specs: input.extraSpecs,
        created_at: now,
        updated_at: null,
      };
      types.insert(type);
      return type;
    });
  }

  /** Errors: 400, 404, 409. */
  update(
    context: RequestContext,
    id: string,
    changes: {
      name?: string | null | undefined;
      description?: string | null | undefined;
      isPublic?: boolean | undefined;
    },
  ): TypeRow {
    const { types, kernel, now } = this.#core;
    return kernel.db.transaction(() => {
      const type = this.get(context, id);
      if ((changes.name ?? changes.description ?? changes.isPublic) == null) {
        throw badRequest("Specify volume type name, description, is_public or a combination thereof.");
      }
      if (changes.name !== undefined && changes.name !== null) {
        if (changes.name.trim() === "") throw badRequest("Volume type name can not be empty.");
        const other = types.byName(changes.name);
        if (other !== undefined && other.id !== id) throw duplicate(`Volume Type ${changes.name} already exists.`);
        this.#renameQuotas(type.name, changes.name);
      }
      types.update(id, {
        ...(typeof changes.name === "string" ? { name: changes.name } : {}),
        ...(changes.description == null ? {} : { description: changes.description }),
        ...(changes.isPublic === undefined ? {} : { is_public: changes.isPublic }),
        updated_at: now,
      });
      return this.get(context, id);
    });
  }

  /** Errors: 404; 400 while volumes are of it or it is a default. */
  delete(context: RequestContext, id: string): void {
    const { types, volumes, kernel } = this.#core;
    kernel.db.transaction(() => {
      const type = this.get(context, id);
      if (types.all().length === 1) {
        throw badRequest(`The volume type ${id} is the only currently defined volume type and cannot be deleted.`);
      }
      if (this.default(null).id === id || types.defaults.has({ type_id: id })) {
        throw badRequest(`The volume type ${id} is a default volume type and cannot be deleted.`);
      }
      if (volumes.countOfType(type.id) > 0) throw badRequest("Target volume type is still in use.");
      types.delete(id);
    });
  }

  extraSpecs(context: RequestContext, id: string): Record<string, string> {
    return this.get(context, id).extra_specs;
  }

  /** Errors: 404 for an unknown type or key. */
  extraSpec(context: RequestContext, id: string, key: string): string {
    const value = this.extraSpecs(context, id)[key];
    if (value === undefined) throw notFound(`Volume Type ${id} has no extra specs with key ${key}.`);
    return value;
  }

  /** Sets some (the others stay), or with null removes. Errors: 404; 400 while volumes are of the type. */
  changeExtraSpecs(context: RequestContext, id: string, changes: Readonly<Record<string, string | null>>): void {
    const { types, kernel, now } = this.#core;
    kernel.db.transaction(() => {
      if (this.#core.volumes.countOfType(id) > 0) throw badRequest("Volume Type is currently in use.");
      const specs = new Map(Object.entries(this.extraSpecs(context, id)));
      for (const [key, value] of Object.entries(changes)) {
        if (value === null) specs.delete(key);
        else specs.set(key, value);
      }
      types.update(id, { extra_specs: Object.fromEntries(specs), updated_at: now });
    });
  }

  /** Errors: 404; 404 for a public type, as cinder has it. */
  projectsOf(context: RequestContext, id: string): string[] {
    if (this.get(context, id).is_public) throw notFound("Access list not available for public volume types.");
    return this.#core.types.access.column("project_id", { type_id: id });
  }

  /** Errors: 404, 409. */
  grant(context: RequestContext, id: string, projectId: string): void {
    this.#requirePrivate(context, id);
    if (!this.#core.types.access.add({ type_id: id, project_id: projectId })) {
      throw duplicate(`Volume type access for ${id} / ${projectId} combination already exists.`);
    }
  }

  /** Errors: 404, 409. */
  revoke(context: RequestContext, id: string, projectId: string): void {
    this.#requirePrivate(context, id);
    if (!this.#core.types.access.deleteWhere({ type_id: id, project_id: projectId })) {
      throw notFound(`Volume type access not found for ${id} / ${projectId} combination.`);
    }
  }

  /** What projects get where they name no type. */
  defaults(): DefaultType[] {
    return this.#core.types.defaults.list();
  }

  /** Errors: 404. */
  defaultOf(projectId: string): DefaultType {
    const found = this.#core.types.defaults.find({ project_id: projectId });
    if (found === undefined) throw notFound(`Default type for project ${projectId} not found.`);
    return found;
  }

  /** Errors: 404. */
  setDefault(context: RequestContext, projectId: string, nameOrId: string): DefaultType {
    const chosen = { project_id: projectId, type_id: this.byNameOrId(context, nameOrId).id };
    this.#core.types.defaults.put(chosen);
    return chosen;
  }

  /** Nothing happens where there is none. */
  unsetDefault(projectId: string): void {
    this.#core.types.defaults.deleteWhere({ project_id: projectId });
  }

  #requirePrivate(context: RequestContext, id: string): void {
    if (this.get(context, id).is_public) {
      throw duplicate("Type access modification is not applicable to public volume type.");
    }
  }

  #usable(context: RequestContext, type: TypeRow): boolean {
    if (type.is_public || context.isAdmin) return true;
    const { projectId } = context;
    return projectId !== null && this.#core.types.access.has({ type_id: type.id, project_id: projectId });
  }

  /** A type's quotas have its name in theirs. */
  #renameQuotas(from: string, to: string): void {
    const quotas = this.#core.quotas();
    for (const kind of ["volumes", "gigabytes", "snapshots"]) quotas.rename(`${kind}_${from}`, `${kind}_${to}`);
  }

  /** What `stack` leaves behind; idempotent. */
  seed(): void {
    const { types, kernel } = this.#core;
    const { backends, multiattach, multiattachTypeName } = kernel.settings.blockStorage;
    const wanted: TypeInput[] = [
      { name: FALLBACK_TYPE, description: "Default Volume Type", isPublic: true, extraSpecs: {} },
      ...backends.map(({ name }) => ({ name, isPublic: true, extraSpecs: { volume_backend_name: name } })),
    ];
    if (multiattach)
      wanted.push({ name: multiattachTypeName, isPublic: true, extraSpecs: { multiattach: "<is> True" } });
    for (const type of wanted) if (types.byName(type.name) === undefined) this.create(type);
  }
}

/** A type may say how large its volumes are (cinder/volume/volume_types.py provision_filter_on_size). Errors: 400. */
export function checkTypeSize(type: TypeRow, sizeGb: number): void {
  const { "provisioning:min_vol_size": min, "provisioning:max_vol_size": max } = type.extra_specs;
  if (min !== undefined && sizeGb < Number(min)) {
    throw invalidInput(
      `Specified volume size of '${sizeGb}' is less than the minimum required size of '${min}' for volume type '${type.name}'.`,
    );
  }
  if (max !== undefined && sizeGb > Number(max)) {
    throw invalidInput(
      `Specified volume size of '${sizeGb}' is greater than the maximum allowable size of '${max}' for volume type '${type.name}'.`,
    );
  }
}

/** Whether volumes of a type may be attached to several servers. */
export const isMultiattach = (type: TypeRow): boolean => type.extra_specs.multiattach === "<is> True";
