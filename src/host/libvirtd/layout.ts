import { createHash } from "node:crypto";
import { join } from "node:path";

/** A unix socket's address has 108 bytes with its closing zero. */
const SOCKET_PATH_LIMIT = 107;

/** Where the private libvirtd keeps its things. All of it lies below one directory of ours. */
export interface LibvirtdLayout {
  root: string;
  /** Each is bind-mounted over the path libvirt has compiled in, in libvirtd's own mount namespace. */
  etc: string;
  state: string;
  cache: string;
  log: string;
  run: string;
  /** libvirtd's socket as others reach it. */
  socket: string;
  libvirtdPid: string;
  virtlogdPid: string;
  holderPid: string;
}

/** `dataDir/libvirt`; when that is too long for a socket, the run directory (only) goes to a short path under /run. */
export function libvirtdLayout(dataDir: string): LibvirtdLayout {
  const root = join(dataDir, "libvirt");
  // The longest socket that others open is the admin one.
  const tooLong = Buffer.byteLength(join(root, "run/libvirt-admin-sock")) > SOCKET_PATH_LIMIT;
  const run = tooLong ? `/run/lv-${createHash("sha256").update(root).digest("hex").slice(0, 12)}` : join(root, "run");
  return {
    root,
    etc: join(root, "etc"),
    state: join(root, "state"),
    cache: join(root, "cache"),
    log: join(root, "log"),
    run,
    socket: join(run, "libvirt-sock"),
    libvirtdPid: join(root, "libvirtd.pid"),
    virtlogdPid: join(root, "virtlogd.pid"),
    holderPid: join(root, "holder.pid"),
  };
}

export interface GuestUser {
  name: string;
  group: string;
  uid: number;
  gid: number;
  /** Why guests run as root, when they do. */
  reason: string | null;
}

/** The configuration files, name → content. Everything not written here keeps libvirt's own default. */
export function libvirtdFiles(layout: LibvirtdLayout, user: GuestUser): Record<string, string> {
  return {
    "libvirtd.conf": [
      'auth_unix_ro = "none"',
      'auth_unix_rw = "none"',
      'unix_sock_group = "root"',
      'unix_sock_ro_perms = "0700"',
      'unix_sock_rw_perms = "0700"',
      // Consoles, events and calls of one cloud come over one connection: many calls in flight at once.
      "max_client_requests = 64",
      "max_workers = 32",
      `log_outputs = "3:file:${layout.log}/libvirtd.log"`,
      "",
    ].join("\n"),
    "virtlogd.conf": [
      // The console log of a guest is what `console log show` reads: 1 MiB, as nova's own limit, and two older ones.
      "max_size = 1048576",
      "max_backups = 2",
      `log_outputs = "3:file:${layout.log}/virtlogd.log"`,
      "",
    ].join("\n"),
    "qemu.conf": [
      `user = "${user.name}"`,
      `group = "${user.group}"`,
      // Disks belong to the guests' user while they run, and to root again afterwards.
      "dynamic_ownership = 1",
      "remember_owner = 0",
      // Paths are already private to this libvirtd's mount namespace; one more per guest would only hide its sockets.
      "namespaces = []",
      'security_driver = "none"',
      'stdio_handler = "logd"',
      'vnc_listen = "127.0.0.1"',
      "dump_guest_core = 0",
      "",
    ].join("\n"),
  };
}
