/** Whether a container keeps what is overwritten and deleted. */
export type Versioning = "off" | "enabled" | "suspended";

/** What is known of an object beside its headers; the names are those of the dialects that keep them. */
export interface SystemData {
  /** Swift's static large object: its bytes are the manifest. `size` and `etag` are those of what it leads to. */
  slo?: { size: number; etag: string };
  /** Swift's symlink. `etag` where the link is static. */
  symlink?: { target: string; account?: string; etag?: string; bytes?: number };
  /** What S3's front keeps: checksums, tags, acl, lock, … */
  s3?: Readonly<Record<string, unknown>>;
}
