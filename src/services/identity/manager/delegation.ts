import { badRequest } from "../../../kernel/errors.ts";
import { forbiddenAction } from "../errors.ts";
import type { Token } from "./tokens.ts";

/**
 * What tokens must not do that somebody handed on: those of trusts and of application credentials. They are for one project,
 * and nothing made with them may reach further or live longer than they do.
 */

const isDelegated = (sender: Token | null): boolean =>
  sender !== null && (sender.trustId !== null || sender.applicationCredentialId !== null);

/** Whether a sender may deal with a credential of this project. One of no project (a second factor) is its owner's alone. */
export function mayUseCredential(sender: Token | null, projectId: string | null): boolean {
  return !isDelegated(sender) || (projectId !== null && projectId === sender?.identity.projectId);
}

/** Errors: 403. */
export function requireOwnProject(sender: Token | null, projectId: string | null): void {
  if (mayUseCredential(sender, projectId)) return;
  throw forbiddenAction("Credential project does not match the project scope of the delegated token");
}

/** A restricted application credential makes and removes no other credentials. Errors: 403. */
export function requireUnrestricted(sender: Token | null, what: string): void {
  if (sender?.applicationCredential?.unrestricted !== 0) return;
  throw forbiddenAction(`Using method 'application_credential' is not allowed for managing additional ${what}.`);
}

/** No application credential, restricted or not, has to do with trusts. Errors: 403. */
export function requireNoApplicationCredential(sender: Token | null): void {
  if (sender?.applicationCredentialId == null) return;
  throw forbiddenAction("Using method 'application_credential' is not allowed for managing trusts.");
}

/** An application credential made through a trust would outlive it. Errors: 403. */
export function requireNoTrust(sender: Token | null): void {
  if (sender?.trustId == null) return;
  throw forbiddenAction("Cannot manage application credentials with a token issued via delegation.");
}

/** The fields by which a key is bound to a delegation stay as they are. Errors: 400. */
export function requireSameFields(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): void {
  for (const field of fields) {
    if ((before[field] ?? null) !== (after[field] ?? null)) {
      throw badRequest(`${field} can not be updated for credential`);
    }
  }
}
