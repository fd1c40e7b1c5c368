import { access } from "node:fs/promises";
import type { Exec, Ledger } from "../types.ts";
import type { Ip } from "./ip.ts";

/** Network namespaces as `ip netns` keeps them, each written down in the ledger before it is made. */
export class Namespaces {
  readonly #exec: Exec;
  readonly #ledger: Ledger;
  readonly #ip: Ip;

  constructor(exec: Exec, ledger: Ledger, ip: Ip) {
    this.#exec = exec;
    this.#ledger = ledger;
    this.#ip = ip;
  }

  /** There is a name for it. After a reboot the ledger still has the row, but this says no. */
  async exists(name: string): Promise<boolean> {
    return access(`/run/netns/${name}`).then(
      () => true,
      () => false,
    );
  }

  /** Makes the namespace unless it is there, with its loopback up; true when it was made. */
  async ensure(name: string, owner: string, sysctls: Readonly<Record<string, string | number>>): Promise<boolean> {
    if (await this.exists(name)) return false;
    await this.#ledger.create({ kind: "namespace", name, details: {}, owner }, async () => {
      await this.#exec.run("ip", ["netns", "add", name]);
      await this.#ip.batch(name, [["link", "set", "dev", "lo", "up"]]);
      await this.#ip.sysctl(name, sysctls);
    });
    return true;
  }

  /** Deletes it with all links in it. Sockets that are still open in it would keep it alive unseen: close them before. */
  async remove(name: string): Promise<void> {
    await this.#ledger.remove("namespace", name);
  }

  /** Our own namespaces of one owner prefix ("router:"), as the ledger knows them. */
  ours(ownerPrefix: string): { name: string; owner: string }[] {
    return this.#ledger.list({ kind: "namespace", ownerPrefix }).map(({ name, owner }) => ({ name, owner }));
  }
}
