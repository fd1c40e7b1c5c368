/** The kinds of failure a caller can meet, each told apart by class. */

/** libvirt's numeric error codes under short names; what is missing here reads `code-N`. */
const codeNames: Readonly<Record<number, string>> = {
  1: "internal-error",
  2: "no-memory",
  3: "no-support",
  5: "no-connect",
  6: "invalid-connection",
  7: "invalid-domain",
  8: "invalid-argument",
  9: "operation-failed",
  16: "os-type",
  17: "no-kernel",
  19: "no-source",
  20: "no-target",
  21: "no-name",
  22: "no-os",
  23: "no-device",
  26: "call-failed",
  27: "xml-error",
  28: "domain-exists",
  29: "operation-denied",
  30: "open-failed",
  31: "read-failed",
  32: "parse-failed",
  33: "config-syntax",
  34: "write-failed",
  35: "xml-detail",
  38: "system-error",
  39: "rpc",
  42: "no-domain",
  43: "no-network",
  44: "invalid-mac",
  45: "auth-failed",
  49: "no-storage-pool",
  50: "no-storage-volume",
  53: "no-node-device",
  54: "no-security-model",
  55: "operation-invalid",
  57: "no-interface",
  62: "no-nwfilter",
  65: "invalid-secret",
  66: "no-secret",
  67: "config-unsupported",
  68: "operation-timeout",
  70: "hook-failed",
  71: "invalid-snapshot",
  72: "no-snapshot",
  73: "invalid-stream",
  74: "argument-unsupported",
  77: "snapshot-revert-risky",
  78: "operation-aborted",
  79: "auth-cancelled",
  80: "no-metadata",
  81: "migrate-unsafe",
  82: "overflow",
  83: "block-copy-active",
  84: "operation-unsupported",
  86: "agent-unresponsive",
  87: "resource-busy",
  88: "access-denied",
  89: "dbus-service",
  91: "cpu-incompatible",
  92: "xml-invalid-schema",
  94: "auth-unavailable",
  97: "agent-unsynced",
  99: "device-missing",
  102: "invalid-checkpoint",
  103: "no-checkpoint",
  104: "no-backup",
  108: "no-hostname",
  109: "checkpoint-inconsistent",
  110: "multiple-domains",
};

/** The name of a libvirt error code, e.g. 42 → `no-domain`; `code-N` when this client does not know it. */
export function errorCodeName(code: number): string {
  return codeNames[code] ?? `code-${code}`;
}

/** The fields of an error body as they come over the wire. */
export interface ErrorBody {
  readonly code: number;
  readonly domain: number;
  readonly message: string | null;
  readonly level: number;
  readonly str1: string | null;
  readonly str2: string | null;
  readonly str3: string | null;
  readonly int1: number;
  readonly int2: number;
}

/** libvirt received the call and answered with an error. Nothing is wrong with the connection. */
export class LibvirtError extends Error {
  /** libvirt's number (virErrorNumber). */
  readonly code: number;
  /** The number as a word, e.g. `no-domain`. */
  readonly codeName: string;
  /** Which part of libvirt complained (virErrorDomain): 10 is the qemu driver, 7 the RPC layer. */
  readonly origin: number;
  /** Which call failed, in this client's names. */
  readonly procedure: string;
  /** errno for `system-error`, otherwise as the call defines it. */
  readonly int1: number;

  constructor(body: ErrorBody, procedure: string) {
    super(body.message ?? `libvirt error ${errorCodeName(body.code)}`);
    this.name = "LibvirtError";
    this.code = body.code;
    this.codeName = errorCodeName(body.code);
    this.origin = body.domain;
    this.procedure = procedure;
    this.int1 = body.int1;
  }
}

/** There is no usable connection: it could not be made, was lost, or was closed by us. */
export class LibvirtConnectionError extends Error {
  /**
   * True when the request had been written before the connection went away, so libvirt may have carried it out;
   * false when it certainly was not.
   */
  readonly sent: boolean;

  constructor(message: string, options: { sent?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "LibvirtConnectionError";
    this.sent = options.sent ?? false;
  }
}

/** The peer sent bytes that are no libvirt message; the connection is closed because nothing after them can be trusted. */
export class LibvirtProtocolError extends LibvirtConnectionError {
  constructor(message: string, options: { sent?: boolean; cause?: unknown } = {}) {
    super(message, options);
    this.name = "LibvirtProtocolError";
  }
}

/** No answer came in time. libvirt may still be working on the call, and its outcome is unknown. */
export class LibvirtTimeoutError extends Error {
  readonly procedure: string;
  readonly timeoutMs: number;

  constructor(procedure: string, timeoutMs: number) {
    super(`libvirt did not answer ${procedure} within ${timeoutMs} ms`);
    this.name = "LibvirtTimeoutError";
    this.procedure = procedure;
    this.timeoutMs = timeoutMs;
  }
}

/** True when `error` is libvirt's answer with this code name, e.g. `isLibvirtError(e, "no-domain")`. */
export function isLibvirtError(error: unknown, codeName?: string): error is LibvirtError {
  return error instanceof LibvirtError && (codeName === undefined || error.codeName === codeName);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
