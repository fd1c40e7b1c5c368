import { remote } from "./procedures.ts";
import type { Caller } from "./session.ts";

/** Passphrases that disks refer to by UUID: encrypted volumes, iSCSI and Ceph logins. */
export class Secrets {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Stores a `<secret>` XML and its value; resolves to its UUID. */
  async define(xml: string, value: Uint8Array): Promise<string> {
    const { secret } = await this.#caller.call(remote.secretDefine, { xml, flags: 0 });
    await this.#caller.call(remote.secretSetValue, { secret, value, flags: 0 });
    return secret.uuid;
  }

  /** Rejects with LibvirtError `no-secret` when there is none. */
  async undefine(uuid: string): Promise<void> {
    const { secret } = await this.#caller.call(remote.secretLookup, { uuid });
    await this.#caller.call(remote.secretUndefine, { secret });
  }
}
