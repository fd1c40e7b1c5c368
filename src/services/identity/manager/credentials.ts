import { randomBytes } from "node:crypto";
import { badRequest } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { missing, storeConflict } from "../errors.ts";
import type { CredentialRow } from "../store/rows.ts";
import type { Core } from "./core.ts";
import { requireOwnProject, requireSameFields, requireUnrestricted } from "./delegation.ts";
import { DELEGATION_FIELDS, delegationOf, ec2CredentialId } from "./ec2.ts";
import type { Token } from "./tokens.ts";

export type NewCredential = Omit<CredentialRow, "id">;

/** Credentials of users, EC2 access keys among them. `sender` is the token of who asks, null for the cloud itself. */
export class CredentialManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(id: string): CredentialRow {
    const row = this.#core.store.credentials.get(id);
    if (row === undefined) throw missing("credential", id);
    return row;
  }

  /** Errors: 403 for what a delegated token must not make, 400 for an "ec2" one without project or key, 409 for a key that is known. */
  create(credential: NewCredential, sender: Token | null): CredentialRow {
    const { store, kernel } = this.#core;
    const { type, blob, project_id: projectId } = credential;
    if (isEc2(type)) requireUnrestricted(sender, "credentials");
    requireOwnProject(sender, projectId);
    const row: CredentialRow = { id: hexId(), ...credential };
    if (isEc2(type)) {
      const access = accessOf(blob);
      if (projectId === null) throw badRequest("project_id must be specified for ec2 credentials");
      row.id = ec2CredentialId(access);
      row.blob = boundBlob(blob, sender);
    }
    return kernel.db.transaction(() => {
      if (store.credentials.get(row.id) !== undefined) throw storeConflict("credential", "Duplicate entry");
      return store.credentials.insert(row);
    });
  }

  /** Errors: 403 for a delegated token of another project, 400 for what binds an "ec2" one. */
  update(row: CredentialRow, changes: Partial<NewCredential>, sender: Token | null): CredentialRow {
    const { type, blob, project_id: projectId } = changes;
    if (projectId !== undefined) requireOwnProject(sender, projectId);
    // A trust or application credential that a key was made through must not be shaken off, nor one be claimed.
    if (isEc2(row.type) && blob !== undefined) {
      requireSameFields(parseBlob(row.blob), parseBlob(blob), DELEGATION_FIELDS);
    }
    if (type !== undefined && isEc2(type) !== isEc2(row.type)) {
      throw badRequest("The type of an ec2 credential cannot be changed, nor another's be made ec2.");
    }
    this.#core.store.credentials.update(row.id, changes);
    return this.get(row.id);
  }

  delete({ id }: CredentialRow): void {
    this.#core.store.credentials.delete(id);
  }

  /** The key of this access. Errors: 404. */
  key(access: string): CredentialRow {
    const row = this.get(ec2CredentialId(access));
    if (row.type !== "ec2") throw missing("credential", row.id);
    return row;
  }

  /**
   * A new key of a user's on a project; `projectId` null is none given. Errors: 400 for that, 403 for what a delegated token must not
   * make, 404 for user, project, or the user's role there unless an `admin` asks.
   */
  createKey(userId: string, projectId: string | null, sender: Token | null, admin: boolean): CredentialRow {
    const { store, roles } = this.#core;
    requireUnrestricted(sender, "application credentials");
    if (projectId === null) throw badRequest("'tenant_id' is a required property");
    if (store.users.get(userId) === undefined) throw missing("user", userId);
    const project = store.projects.get(projectId);
    if (project === undefined) throw missing("project", projectId);
    requireOwnProject(sender, projectId);
    const lacking = roles.onProject(userId, project).length === 0 && !admin;
    // A trustee has its roles there by the trust.
    if (lacking && sender?.trustId == null) {
      throw missing("role assignment with role", `None, user or group: ${userId}, project: ${projectId}`);
    }
    const access = hexId();
    const secret = randomBytes(16).toString("hex");
    return store.credentials.insert({
      id: ec2CredentialId(access),
      user_id: userId,
      project_id: projectId,
      type: "ec2",
      blob: JSON.stringify({ access, secret, trust_id: null, ...delegationOf(sender) }),
      extra: "{}",
    });
  }
}

function parseBlob(blob: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(blob);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw badRequest("Invalid blob in credential");
}

function accessOf(blob: string): string {
  const { access } = parseBlob(blob);
  if (typeof access !== "string") throw badRequest("Invalid blob in credential");
  return access;
}

/** The blob with the sender's own delegation and no other: a key cannot claim a trust that its maker did not act through. */
function boundBlob(blob: string, sender: Token | null): string {
  const given = parseBlob(blob);
  const delegation = delegationOf(sender);
  const claimed = DELEGATION_FIELDS.some((field) => field in given);
  if (!claimed && Object.keys(delegation).length === 0) return blob;
  const own = Object.entries(given).filter(([field]) => !(DELEGATION_FIELDS as readonly string[]).includes(field));
  return JSON.stringify({ ...Object.fromEntries(own), ...delegation });
}

const isEc2 = (type: string): boolean => type.toLowerCase() === "ec2";
