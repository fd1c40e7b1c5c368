/** The public surface of the libvirt client. See README.md in this folder. */
export type { BlockJob, DomainBlock, IoTune } from "./block.ts";
export type { CallOptions } from "./channel.ts";
export type { DomainRef, TypedParam, TypedValue } from "./codecs.ts";
export type { Affect, DomainContext, DomainStatus, PowerMode } from "./domain.ts";
export { Domain } from "./domain.ts";
export {
  isLibvirtError,
  LibvirtConnectionError,
  LibvirtError,
  LibvirtProtocolError,
  LibvirtTimeoutError,
} from "./errors.ts";
export type { EventName, EventOf, EventPayloads, Listener } from "./events.ts";
export type { BlockJobStatus, BlockJobType, DomainState, LifecycleEvent, StatsGroup } from "./flags.ts";
export type { DomainGuest, GuestInterface } from "./guest.ts";
export type { Host, NodeInfo, Version } from "./host.ts";
export type { DomainStats, Domains, Libvirt } from "./libvirt.ts";
export { connect } from "./libvirt.ts";
export type { Log } from "./log.ts";
export { powerOff } from "./power-off.ts";
export { qemu, remote } from "./procedures.ts";
export type { ConnectionChange, ConnectOptions } from "./session.ts";
export type { DomainSnapshots, Snapshot } from "./snapshots.ts";
export { LibvirtStream } from "./streams.ts";
