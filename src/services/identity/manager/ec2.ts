import { createHash } from "node:crypto";
import type { CredentialRow } from "../store/rows.ts";
import type { IdentityStore } from "../store/store.ts";
import { EC2_METHOD } from "./login.ts";
import type { NewToken, Token } from "./tokens.ts";

/** keystone files an EC2 credential under the hash of its access key. */
export const ec2CredentialId = (access: string): string => createHash("sha256").update(access).digest("hex");

export interface Ec2Key {
  access: string;
  secret: string;
  /** What the key was made through and stays bound to. */
  trustId: string | null;
  applicationCredentialId: string | null;
}

/** The fields of a blob that bind a key to a delegation. Only the service writes them. */
export const DELEGATION_FIELDS = ["trust_id", "app_cred_id", "access_token_id", "access_id"] as const;

/** The delegation a token acts through, as a key that it makes has to carry it. */
export function delegationOf(sender: Token | null): Record<string, string> {
  return {
    ...(sender?.trustId == null ? {} : { trust_id: sender.trustId }),
    ...(sender?.applicationCredentialId == null ? {} : { app_cred_id: sender.applicationCredentialId }),
  };
}

/** What an "ec2" credential's blob holds; null when it is no such credential. */
export function ec2Key(credential: CredentialRow): Ec2Key | null {
  if (credential.type !== "ec2") return null;
  let blob: unknown;
  try {
    blob = JSON.parse(credential.blob);
  } catch {
    return null;
  }
  if (typeof blob !== "object" || blob === null) return null;
  const { access, secret, trust_id, app_cred_id } = blob as Record<string, unknown>;
  if (typeof access !== "string" || typeof secret !== "string") return null;
  return {
    access,
    secret,
    trustId: typeof trust_id === "string" ? trust_id : null,
    applicationCredentialId: typeof app_cred_id === "string" ? app_cred_id : null,
  };
}

/**
 * The token that the holder of a key gets: its owner's on its project, or what the delegation behind it still gives. Null when
 * the key has no project, or the delegation is gone or was never its owner's.
 */
export function ec2Claims(store: IdentityStore, credential: CredentialRow, key: Ec2Key): NewToken | null {
  const { user_id: owner, project_id: projectId } = credential;
  if (projectId === null) return null;
  let userId = owner;
  if (key.trustId !== null) {
    const trust = store.trusts.get(key.trustId);
    // With impersonation the key was made under the trustor's name.
    const parties =
      trust?.impersonation === 1 ? [trust.trustor_user_id, trust.trustee_user_id] : [trust?.trustee_user_id];
    if (trust === undefined || !parties.includes(owner) || trust.remaining_uses === 0) return null;
    userId = trust.impersonation === 1 ? trust.trustor_user_id : trust.trustee_user_id;
  }
  return {
    userId,
    methods: [EC2_METHOD],
    scope: { kind: "project", id: projectId },
    trustId: key.trustId,
    applicationCredentialId: key.applicationCredentialId,
  };
}
