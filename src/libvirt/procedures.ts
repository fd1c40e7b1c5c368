import type { Codec, Fields, Shape } from "./codecs.ts";
import {
  bytes,
  charArray,
  domainRef,
  flag,
  i32,
  list,
  optional,
  secretRef,
  signedSize,
  size,
  snapshotRef,
  string,
  struct,
  typedParam,
  u32,
  u64,
  uuid,
} from "./codecs.ts";
import { program } from "./frame.ts";

/**
 * The calls this client knows: number, arguments and result in wire order. Adding one is adding a line.
 * The names of procedures and fields are this client's own; numbers and order are libvirt's interface.
 */

/** A call: what goes in, what comes out. */
export interface Procedure<A, R> {
  readonly name: string;
  readonly program: number;
  readonly id: number;
  readonly args: Codec<A>;
  readonly result: Codec<R>;
}

type Spec = readonly [id: number, args: Fields, result: Fields];
type Table<T extends Readonly<Record<string, Spec>>> = {
  readonly [K in keyof T]: Procedure<Shape<T[K][1]>, Shape<T[K][2]>>;
};

function table<const T extends Readonly<Record<string, Spec>>>(programId: number, specs: T): Table<T> {
  const out: Record<string, Procedure<unknown, unknown>> = {};
  for (const [name, [id, args, result]] of Object.entries(specs))
    out[name] = { name, program: programId, id, args: struct(args), result: struct(result) };
  return out as Table<T>;
}

const domain = domainRef;
const flags = u32;
const domains = list(domainRef, 16_384);
const params = (max: number) => list(typedParam, max);
const stat = struct({ name: string, value: u64 });
const mountpoints = list(string, 256);

const ipAddress = struct({ type: i32, address: string, prefix: u32 });
const guestInterface = struct({ name: string, mac: optional(string), addresses: list(ipAddress, 2048) });
const guestFilesystem = struct({ mountpoint: string, name: string, type: string, devices: list(string, 256) });

/** The calls of the main program. */
export const remote = table(program.remote, {
  // Connection and host
  connectOpen: [1, { uri: optional(string), flags }, {}],
  connectClose: [2, {}, {}],
  hypervisorVersion: [4, {}, { version: size }],
  nodeInfo: [
    6,
    {},
    {
      model: charArray(32),
      memoryKiB: size,
      cpus: i32,
      mhz: i32,
      numaNodes: i32,
      sockets: i32,
      cores: i32,
      threads: i32,
    },
  ],
  capabilities: [7, {}, { xml: string }],
  hostname: [59, {}, { hostname: string }],
  supportsFeature: [60, { feature: i32 }, { supported: flag }],
  authList: [66, {}, { types: list(i32, 20) }],
  authPolkit: [70, {}, { complete: i32 }],
  uri: [110, {}, { uri: string }],
  libraryVersion: [157, {}, { version: size }],
  nodeCpuStats: [227, { cpu: i32, count: i32, flags }, { stats: list(stat, 16), count: i32 }],
  nodeMemoryStats: [228, { count: i32, cell: i32, flags }, { stats: list(stat, 16), count: i32 }],
  domainCapabilities: [
    342,
    {
      emulator: optional(string),
      arch: optional(string),
      machine: optional(string),
      virtType: optional(string),
      flags,
    },
    { xml: string },
  ],
  registerCloseCallback: [360, {}, {}],
  unregisterCloseCallback: [361, {}, {}],
  registerDomainEvent: [316, { event: i32, domain: optional(domain) }, { callbackId: i32 }],
  deregisterDomainEvent: [317, { callbackId: i32 }, {}],

  // Finding and defining guests
  listDomains: [273, { wantResults: flag, flags }, { domains, count: u32 }],
  lookupById: [22, { id: i32 }, { domain }],
  lookupByName: [23, { name: string }, { domain }],
  lookupByUuid: [24, { uuid }, { domain }],
  createXml: [10, { xml: string, flags }, { domain }],
  defineXml: [350, { xml: string, flags }, { domain }],
  undefine: [231, { domain, flags }, {}],
  rename: [358, { domain, name: optional(string), flags }, { result: i32 }],

  // Life cycle
  create: [196, { domain, flags }, { domain }],
  shutdown: [258, { domain, flags }, {}],
  reboot: [27, { domain, flags }, {}],
  reset: [245, { domain, flags }, {}],
  suspend: [34, { domain }, {}],
  resume: [28, { domain }, {}],
  destroy: [234, { domain, flags }, {}],
  injectNmi: [210, { domain, flags }, {}],
  managedSave: [182, { domain, flags }, {}],
  hasManagedSave: [183, { domain, flags }, { result: flag }],
  managedSaveRemove: [184, { domain, flags }, {}],
  abortJob: [164, { domain }, {}],
  jobStats: [298, { domain, flags }, { type: i32, params: params(64) }],

  // Reading and describing
  getXml: [14, { domain, flags }, { xml: string }],
  getState: [212, { domain, flags }, { state: i32, reason: i32 }],
  getInfo: [16, { domain }, { state: i32, maxMemoryKiB: size, memoryKiB: size, vcpus: i32, cpuTimeNs: u64 }],
  getAutostart: [15, { domain }, { autostart: flag }],
  setAutostart: [29, { domain, autostart: flag }, {}],
  isPersistent: [151, { domain }, { persistent: flag }],
  setMetadata: [
    264,
    { domain, type: i32, metadata: optional(string), key: optional(string), uri: optional(string), flags },
    {},
  ],
  getMetadata: [265, { domain, type: i32, uri: optional(string), flags }, { metadata: string }],
  allDomainStats: [
    344,
    { domains, stats: u32, flags },
    { records: list(struct({ domain, params: params(262_144) }), 16_384) },
  ],

  // Devices and resources
  attachDevice: [160, { domain, xml: string, flags }, {}],
  detachDevice: [161, { domain, xml: string, flags }, {}],
  updateDevice: [174, { domain, xml: string, flags }, {}],
  detachDeviceAlias: [392, { domain, alias: string, flags }, {}],
  setVcpus: [199, { domain, vcpus: u32, flags }, {}],
  getVcpus: [200, { domain, flags }, { vcpus: i32 }],
  setMemory: [204, { domain, memoryKiB: size, flags }, {}],
  setMemoryStatsPeriod: [308, { domain, seconds: i32, flags }, {}],
  setInterfaceParameters: [256, { domain, device: string, params: params(16), flags }, {}],
  getInterfaceParameters: [257, { domain, device: string, count: i32, flags }, { params: params(16), count: i32 }],

  // Block devices
  blockInfo: [194, { domain, disk: string, flags }, { allocation: size, capacity: size, physical: size }],
  blockResize: [251, { domain, disk: string, size, flags }, {}],
  blockCommit: [
    290,
    { domain, disk: string, base: optional(string), top: optional(string), bandwidth: size, flags },
    {},
  ],
  blockPull: [240, { domain, disk: string, bandwidth: size, flags }, {}],
  blockCopy: [345, { domain, disk: string, destinationXml: string, params: params(16), flags }, {}],
  blockJobAbort: [237, { domain, disk: string, flags }, {}],
  blockJobInfo: [
    238,
    { domain, disk: string, flags },
    { found: flag, type: i32, bandwidth: size, current: size, end: size },
  ],
  blockJobSetSpeed: [239, { domain, disk: string, bandwidth: size, flags }, {}],
  setBlockIoTune: [252, { domain, disk: string, params: params(32), flags }, {}],
  getBlockIoTune: [253, { domain, disk: optional(string), count: i32, flags }, { params: params(32), count: i32 }],

  // Snapshots
  snapshotCreate: [185, { domain, xml: string, flags }, { snapshot: snapshotRef }],
  snapshotXml: [186, { snapshot: snapshotRef, flags }, { xml: string }],
  snapshotLookup: [189, { domain, name: string, flags }, { snapshot: snapshotRef }],
  snapshotRevert: [192, { snapshot: snapshotRef, flags }, {}],
  snapshotDelete: [193, { snapshot: snapshotRef, flags }, {}],
  snapshotList: [274, { domain, wantResults: flag, flags }, { snapshots: list(snapshotRef, 16_384), count: i32 }],

  // Screen, keyboard and serial line. The first three open a stream.
  openConsole: [201, { domain, device: optional(string), flags }, {}],
  openChannel: [296, { domain, channel: optional(string), flags }, {}],
  screenshot: [211, { domain, screen: u32, flags }, { mime: optional(string) }],
  sendKey: [226, { domain, codeset: u32, holdMs: u32, keys: list(u32, 16), flags }, {}],

  // Inside the guest, mostly through its agent
  interfaceAddresses: [353, { domain, source: u32, flags }, { interfaces: list(guestInterface, 2048) }],
  fsFreeze: [335, { domain, mountpoints, flags }, { filesystems: i32 }],
  fsThaw: [336, { domain, mountpoints, flags }, { filesystems: i32 }],
  fsInfo: [349, { domain, flags }, { filesystems: list(guestFilesystem, 256), count: u32 }],
  getTime: [337, { domain, flags }, { seconds: signedSize, nanoseconds: u32 }],
  setTime: [338, { domain, seconds: signedSize, nanoseconds: u32, flags }, {}],
  setUserPassword: [357, { domain, user: optional(string), password: optional(string), flags }, {}],
  guestHostname: [277, { domain, flags }, { hostname: string }],
  guestInfo: [418, { domain, types: u32, flags }, { params: params(2048) }],
  setAgentTimeout: [420, { domain, timeout: i32, flags }, { result: i32 }],

  // Secrets (passphrases of encrypted volumes, iSCSI and Ceph credentials)
  secretDefine: [142, { xml: string, flags }, { secret: secretRef }],
  secretLookup: [141, { uuid }, { secret: secretRef }],
  secretSetValue: [144, { secret: secretRef, value: bytes(65_536), flags }, {}],
  secretUndefine: [146, { secret: secretRef }, {}],
});

/** The calls of the program that only the qemu driver has. */
export const qemu = table(program.qemu, {
  monitorCommand: [1, { domain, command: string, flags }, { result: string }],
  agentCommand: [3, { domain, command: string, timeout: i32, flags }, { result: optional(string) }],
});

/** Messages without an answer: the connection to the hypervisor behind the daemon went away. */
export const CONNECTION_CLOSED_EVENT = 362;
/** Keepalive messages. */
export const keepalive = { ping: 1, pong: 2 } as const;
