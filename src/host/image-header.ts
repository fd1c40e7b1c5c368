import { open } from "node:fs/promises";
import type { DiskFormat } from "./qemu-img.ts";

/**
 * What is wrong with an image as far as its first bytes tell, or null: looked at before qemu opens it, since qemu would already open
 * the files that a hostile image names.
 */
export async function headerProblem(path: string, format: DiskFormat): Promise<string | null> {
  if (format !== "qcow2" && format !== "vmdk" && format !== "qed") return null;
  const head = Buffer.alloc(64 * 1024);
  const file = await open(path, "r");
  const { bytesRead } = await file.read(head, 0, head.length, 0).finally(() => file.close());
  const bytes = head.subarray(0, bytesRead);
  if (format === "qcow2") return qcow2Problem(bytes);
  if (format === "vmdk") return vmdkProblem(bytes);
  return bytes.subarray(0, 4).toString("latin1") === "QED\0" ? qedProblem(bytes) : "the image is not qed";
}

const DATA_FILE_BIT = 1n << 2n;

function qcow2Problem(head: Buffer): string | null {
  if (head.length < 72 || head.readUInt32BE(0) !== 0x514649fb) return "the image is not qcow2";
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3) return `qcow2 version ${version} is not known`;
  if (head.readBigUInt64BE(8) !== 0n) return "the image has a backing file";
  if (version === 3 && head.length < 104) return "the qcow2 header is cut off";
  if (version === 3 && (head.readBigUInt64BE(72) & DATA_FILE_BIT) !== 0n) return "the image has an external data file";
  return null;
}

/** Only `KDMV`: one file with its data in it. A text file that starts with `# Disk DescriptorFile` names others. */
function vmdkProblem(head: Buffer): string | null {
  if (head.length < 512 || head.subarray(0, 4).toString("latin1") !== "KDMV")
    return "the vmdk is not a single file with its data";
  const at = Number(head.readBigUInt64LE(28)) * 512;
  const size = Number(head.readBigUInt64LE(36)) * 512;
  if (at <= 0 || at + size > head.length) return "the vmdk's descriptor is not where it should be";
  const descriptor = head.subarray(at, at + size).toString("latin1");
  // QEMU looks for a parent behind the first sector and for its name anywhere, in a comment too.
  if (
    [descriptor, head.subarray(0x200, 0x200 + 20 * 512).toString("latin1")].some((text) =>
      /parentFileNameHint/i.test(text),
    )
  )
    return "the vmdk has a parent";
  const type = /createType\s*=\s*"([^"]*)"/i.exec(descriptor)?.[1];
  return type === "monolithicSparse" || type === "streamOptimized"
    ? null
    : `vmdk of type ${type ?? "unknown"} is not accepted`;
}

const QED_BACKING_BIT = 1n;

function qedProblem(head: Buffer): string | null {
  return head.length >= 24 && (head.readBigUInt64LE(16) & QED_BACKING_BIT) !== 0n
    ? "the image has a backing file"
    : null;
}
