import type { Stored } from "../../../kernel/db/list.ts";
import { badRequest, conflict, forbidden } from "../../../kernel/errors.ts";
import { keypairNotFound } from "../errors.ts";
import { BY_NAME, type Keypair } from "../store/keypairs.ts";
import type { Core } from "./core.ts";
import { generateSshKeyPair, sshFingerprint } from "./ssh-keys.ts";
import { generateX509KeyPair, x509Fingerprint } from "./x509-keys.ts";

/** The verbs on key pairs of a user. */
export class KeypairManager {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(userId: string, name: string): Keypair {
    const keypair = this.#core.keypairs.find({ user_id: userId, name });
    if (keypair === undefined) throw keypairNotFound(name, userId);
    return keypair;
  }

  /** By name. */
  list(userId: string): Keypair[] {
    return this.#core.keypairs.list({ user_id: userId });
  }

  /** What a page of them needs. */
  pages(userId: string) {
    const { keypairs } = this.#core;
    return {
      place: (name: string) => (keypairs.has({ user_id: userId, name }) ? [name] : undefined),
      read: (after: readonly Stored[] | null, limit: number) =>
        keypairs.range(userId, { order: BY_NAME, after, limit }),
    };
  }

  /** Imports a public key, or makes a pair when there is none. Errors: 400 for no key, 403 over quota, 409 for a taken name. */
  async create(
    userId: string,
    projectId: string | null,
    wanted: { name: string; type: string; publicKey: string | null },
  ): Promise<{ keypair: Keypair; privateKey: string | null }> {
    const made = wanted.publicKey === null ? await this.#generate(userId, wanted.type) : null;
    const publicKey = made?.publicKey ?? wanted.publicKey ?? "";
    const fingerprint = (wanted.type === "x509" ? x509Fingerprint : sshFingerprint)(publicKey);
    if (fingerprint === null) throw badRequest("Keypair data is invalid: failed to generate fingerprint");
    const { keypairs, kernel, quotas } = this.#core;
    kernel.db.transaction(() => {
      const limit = quotas.limit(projectId ?? "", "key_pairs", userId);
      if (limit >= 0 && keypairs.countOf({ user_id: userId }) >= limit)
        throw forbidden("Quota exceeded, too many key pairs.");
      if (keypairs.has({ user_id: userId, name: wanted.name }))
        throw conflict(`Key pair '${wanted.name}' already exists.`);
      keypairs.insert({
        user_id: userId,
        name: wanted.name,
        type: wanted.type,
        public_key: publicKey,
        fingerprint,
        created_at: kernel.clock.now(),
      });
    });
    return { keypair: this.get(userId, wanted.name), privateKey: made?.privateKey ?? null };
  }

  async #generate(userId: string, type: string): Promise<{ publicKey: string; privateKey: string }> {
    if (type !== "x509") return generateSshKeyPair();
    const { certificate, privateKey } = await generateX509KeyPair(userId, this.#core.kernel.clock.now());
    return { publicKey: certificate, privateKey };
  }

  /** Errors: 404. */
  delete(userId: string, name: string): void {
    if (!this.#core.keypairs.deleteWhere({ user_id: userId, name })) throw keypairNotFound(name, userId);
  }
}
