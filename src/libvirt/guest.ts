import type { CallOptions } from "./channel.ts";
import type { DomainRef, TypedValue } from "./codecs.ts";
import { LibvirtError } from "./errors.ts";
import { paramsToObject } from "./params.ts";
import { qemu, remote } from "./procedures.ts";
import type { Caller } from "./session.ts";

export interface GuestInterface {
  readonly name: string;
  readonly mac: string | null;
  readonly addresses: readonly {
    readonly family: "ipv4" | "ipv6";
    readonly address: string;
    readonly prefix: number;
  }[];
}

/** Where interface addresses come from: DHCP leases of libvirt's own networks, the agent, or the host's ARP table. */
const addressSources = { lease: 0, agent: 1, arp: 2 } as const;

const infoTypes = {
  users: 1,
  os: 2,
  timezone: 4,
  hostname: 8,
  filesystem: 16,
  disks: 32,
  interfaces: 64,
} as const;

/**
 * What goes on inside the guest. All but leases and ARP need qemu-guest-agent running there:
 * without it calls fail with LibvirtError `agent-unresponsive` (or `argument-unsupported` without its channel).
 */
export class DomainGuest {
  readonly #caller: Caller;
  readonly #domain: DomainRef;

  constructor(caller: Caller, domain: DomainRef) {
    this.#caller = caller;
    this.#domain = domain;
  }

  async interfaces(source: keyof typeof addressSources = "agent"): Promise<readonly GuestInterface[]> {
    const args = { domain: this.#domain, source: addressSources[source], flags: 0 };
    const { interfaces } = await this.#caller.call(remote.interfaceAddresses, args);
    return interfaces.map(({ name, mac, addresses }) => ({
      name,
      mac,
      addresses: addresses.map(({ type, address, prefix }) => ({
        family: type === 0 ? "ipv4" : "ipv6",
        address,
        prefix,
      })),
    }));
  }

  /**
   * Stops writes to the file systems (all, or those mounted at `mountpoints`); the number frozen. libvirt has no limit of its own, and
   * the agent freezes even when nobody waits for it any more: `timeoutMs: 0` waits for ever.
   */
  async freeze(mountpoints: readonly string[] = [], options: CallOptions = {}): Promise<number> {
    const args = { domain: this.#domain, mountpoints, flags: 0 };
    return (await this.#caller.call(remote.fsFreeze, args, options)).filesystems;
  }

  /** Lets writes go on; the number thawed. */
  async thaw(mountpoints: readonly string[] = []): Promise<number> {
    return (await this.#caller.call(remote.fsThaw, { domain: this.#domain, mountpoints, flags: 0 })).filesystems;
  }

  async filesystems(): Promise<
    readonly {
      readonly mountpoint: string;
      readonly name: string;
      readonly type: string;
      readonly devices: readonly string[];
    }[]
  > {
    return (await this.#caller.call(remote.fsInfo, { domain: this.#domain, flags: 0 })).filesystems;
  }

  async hostname(): Promise<string> {
    // 2: ask the agent, not the leases.
    return (await this.#caller.call(remote.guestHostname, { domain: this.#domain, flags: 2 })).hostname;
  }

  /** Facts by libvirt's names, e.g. `os.id`, `user.0.name`; no argument asks for everything the agent offers. */
  async info(types: readonly (keyof typeof infoTypes)[] = []): Promise<Readonly<Record<string, TypedValue>>> {
    const wanted = types.reduce((sum, type) => sum | infoTypes[type], 0);
    const { params } = await this.#caller.call(remote.guestInfo, { domain: this.#domain, types: wanted, flags: 0 });
    return paramsToObject(params);
  }

  /** The guest's clock, in milliseconds since 1970. */
  async time(): Promise<number> {
    const { seconds, nanoseconds } = await this.#caller.call(remote.getTime, { domain: this.#domain, flags: 0 });
    return seconds * 1000 + Math.floor(nanoseconds / 1e6);
  }

  /** Sets the guest's clock to the host's, or to milliseconds since 1970. */
  async setTime(milliseconds?: number, options: CallOptions = {}): Promise<void> {
    const sync = milliseconds === undefined;
    const seconds = sync ? 0 : Math.floor(milliseconds / 1000);
    const nanoseconds = sync ? 0 : Math.floor(milliseconds % 1000) * 1e6;
    const args = { domain: this.#domain, seconds, nanoseconds, flags: sync ? 1 : 0 };
    await this.#caller.call(remote.setTime, args, options);
  }

  /** `encrypted` says that the password is already a crypt(3) hash. */
  async setUserPassword(user: string, password: string, options: { encrypted?: boolean } = {}): Promise<void> {
    const flags = options.encrypted ? 1 : 0;
    await this.#caller.call(remote.setUserPassword, { domain: this.#domain, user, password, flags });
  }

  /** Seconds every later agent command waits for an answer. */
  async setAgentTimeout(seconds: number): Promise<void> {
    await this.#caller.call(remote.setAgentTimeout, { domain: this.#domain, timeout: seconds, flags: 0 });
  }

  /**
   * Sends a command of the guest agent protocol and resolves to its `return` value, e.g. `agentCommand("guest-ping")`.
   * `timeoutSeconds` defaults to libvirt's five.
   */
  async agentCommand(
    execute: string,
    args?: Readonly<Record<string, unknown>>,
    options: { timeoutSeconds?: number } = {},
  ): Promise<unknown> {
    const { timeoutSeconds } = options;
    const { result } = await this.#caller.call(
      qemu.agentCommand,
      { domain: this.#domain, command: commandJson(execute, args), timeout: timeoutSeconds ?? -1, flags: 0 },
      timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 + 10_000 },
    );
    return returnOf(result, "agentCommand");
  }

  /**
   * Sends a command of QEMU's own monitor (QMP) and resolves to its `return` value. libvirt marks the guest as tainted.
   */
  async monitorCommand(execute: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const command = commandJson(execute, args);
    const { result } = await this.#caller.call(qemu.monitorCommand, { domain: this.#domain, command, flags: 0 });
    return returnOf(result, "monitorCommand");
  }

  /** Sends a line of QEMU's human monitor, e.g. `info block`, and resolves to the text it prints. */
  async humanMonitorCommand(command: string): Promise<string> {
    return (await this.#caller.call(qemu.monitorCommand, { domain: this.#domain, command, flags: 1 })).result;
  }
}

function commandJson(execute: string, args?: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(args === undefined ? { execute } : { execute, arguments: args });
}

/** QMP answers `{"return": …}`, or `{"error": {"class", "desc"}}` which becomes a LibvirtError like any other failure. */
function returnOf(text: string | null, procedure: string): unknown {
  if (text === null) return undefined;
  const answer = JSON.parse(text) as { return?: unknown; error?: { desc?: unknown } };
  if (answer.error === undefined) return answer.return;
  const message = typeof answer.error.desc === "string" ? answer.error.desc : text;
  const nothing = { str1: null, str2: null, str3: null, int1: 0, int2: 0 };
  throw new LibvirtError({ code: 9, domain: 10, message, level: 2, ...nothing }, procedure);
}
