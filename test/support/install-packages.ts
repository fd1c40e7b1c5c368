// make deps: the Debian packages that the tests use, those of `tenrec stack` included. Only what is missing, only as root.
import { HostExec } from "../../src/host/exec.ts";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import { hostRequirements, installMissing, missingRequirements, type Requirement } from "../../src/host/packages.ts";
import { discard, Logger } from "../../src/kernel/log/logger.ts";
import { systemClock } from "../../src/kernel/time/clock.ts";

const OF_TESTS: readonly Requirement[] = [
  { command: "openstack", package: "python3-openstackclient", why: "the judge of the end-to-end tests" },
  { command: "ssh", package: "openssh-client", why: "logging in to guests" },
  { command: "curl", package: "curl", why: "requests as people type them" },
  { command: "ping", package: "iputils-ping", why: "reaching guests" },
  { command: "xz", package: "xz-utils", why: "packed images" },
  { command: "bzip2", package: "bzip2", why: "packed images" },
  { command: "isoinfo", package: "genisoimage", why: "reading config drives back" },
  { command: "mke2fs", package: "e2fsprogs", why: "building the guest image" },
  {
    command: "lvcreate",
    package: "lvm2",
    why: "pictures of the host before and after, and logical volumes in a small machine",
  },
  { command: "thin_check", package: "thin-provisioning-tools", why: "thin volumes in that machine" },
  { command: "mkfs.btrfs", package: "btrfs-progs", why: "a file system that shares blocks" },
  { command: "mkfs.xfs", package: "xfsprogs", why: "another" },
  { command: "swift", package: "python3-swiftclient", why: "a client of the object store" },
  { command: "rclone", package: "rclone", why: "another" },
  { command: "restic", package: "restic", why: "another" },
  { command: "aws", package: "awscli", why: "another, of S3" },
  { command: "s3cmd", package: "s3cmd", why: "another" },
  { command: "s3fs", package: "s3fs", why: "another" },
  { command: "/usr/lib/python3/dist-packages/boto3", package: "python3-boto3", why: "another" },
  {
    command: "/usr/lib/python3/dist-packages/keystoneclient",
    package: "python3-keystoneclient",
    why: "for duplicity's",
  },
  { command: "duplicity", package: "duplicity", why: "another" },
  { command: "chromium", package: "chromium", why: "the dashboard in a browser" },
  { command: "cpio", package: "cpio", why: "its first file system" },
];

/** More of them as COMMAND:PACKAGE, for a target that needs what the others do not. */
const more = process.argv.slice(2).map((argument): Requirement => {
  const [command = "", name = ""] = argument.split(":");
  return { command, package: name, why: "asked for" };
});

const missing = await missingRequirements([...(await hostRequirements()), ...OF_TESTS, ...more]);
if (missing.length > 0) {
  const names = [...new Set(missing.map((requirement) => requirement.package))].join(" ");
  if (process.getuid?.() !== 0) {
    console.error(`not installed (needs root): ${names}; the tests that use them will say so`);
  } else {
    console.error(`installing ${names} ...`);
    // A ledger that is thrown away: packages stay, whoever installed them.
    const ledger = new HostLedger(openLedgerDatabase(":memory:", systemClock), systemClock);
    const exec = new HostExec({ log: new Logger("deps", { sink: discard }), tracer: null });
    await installMissing(exec, ledger, missing, { offline: false });
  }
}
