import { createHmac, type KeyObject } from "node:crypto";
import type { Ec2Credential } from "../facade.ts";
import type { IdentityStore } from "../store/store.ts";
import { ec2Claims, ec2CredentialId, ec2Key } from "./ec2.ts";
import { signingKey } from "./ec2-signatures.ts";
import type { Tokens } from "./tokens.ts";

/** How many access keys are remembered. */
const CACHE_SIZE = 5_000;
/** Days, regions and services that one key signs for of late. */
const SIGNING_KEYS = 8;

interface Known {
  generation: number;
  /** A delegation ends by itself. */
  until: number;
  credential: Ec2Credential;
}

/**
 * Access keys, each with whom it speaks for: worked out when it is seen, and again when anything that it may depend on has changed
 * (`IdentityStore.generation`) or the delegation behind it may have ended.
 */
export class Ec2Keys {
  readonly #store: IdentityStore;
  readonly #tokens: Tokens;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();

  constructor(store: IdentityStore, tokens: Tokens, now: () => number) {
    this.#store = store;
    this.#tokens = tokens;
    this.#now = now;
  }

  /** Null for a key that is unknown, or whose user and project are not enabled or have no role together. */
  get(access: string): Ec2Credential | null {
    const known = this.#known.get(access);
    if (known !== undefined) {
      if (known.generation === this.#store.generation && known.until > this.#now()) return known.credential;
      this.#known.delete(access);
    }
    const { generation } = this.#store;
    const found = this.#find(access);
    if (found === null) return null;
    this.#known.set(access, { generation, ...found });
    const [oldest] = this.#known.keys();
    if (this.#known.size > CACHE_SIZE && oldest !== undefined) this.#known.delete(oldest);
    return found.credential;
  }

  #find(access: string): Omit<Known, "generation"> | null {
    const credential = this.#store.credentials.get(ec2CredentialId(access));
    const key = credential === undefined ? null : ec2Key(credential);
    if (credential === undefined || key === null) return null;
    const claims = ec2Claims(this.#store, credential, key);
    const token = claims === null ? null : this.#tokens.unsealed(claims);
    if (token === null) return null;
    const { identity, expiresAt } = token;
    const { secret } = key;
    const keys = new Map<string, KeyObject>();
    return {
      until: expiresAt,
      credential: {
        access,
        identity,
        signingKey(date, region, service) {
          const scope = JSON.stringify([date, region, service]);
          let made = keys.get(scope);
          if (made === undefined) {
            if (keys.size >= SIGNING_KEYS) keys.clear();
            made = signingKey(secret, date, region, service);
            keys.set(scope, made);
          }
          return made;
        },
        sign: (text) => createHmac("sha1", secret).update(text, "latin1").digest("base64"),
      },
    };
  }
}
