import { ANONYMOUS, type Identity } from "../../../../kernel/auth/context.ts";

/** How a request was signed, as policies of buckets ask and as bodies in signed chunks need. */
export interface Signed {
  version: "AWS" | "AWS4-HMAC-SHA256";
  by: "REST-HEADER" | "REST-QUERY-STRING" | "POST";
  access: string;
  /** x-amz-content-sha256: what of the body is signed; null: nothing is said of it (version 2). */
  payload: string | null;
  /** Signs the chunks of a body, each with what is before it. */
  chunks: ChunkSigner | null;
}

/** Hashes in hexadecimal digits. */
export interface ChunkSigner {
  chunk(hash: string): string;
  trailer(hash: string): string;
}

/** Who asks over S3. Null: nobody in particular. */
export interface S3Identity extends Identity {
  readonly s3: Signed | null;
}

/** What they may is up to access lists and policies of buckets. */
export const S3_ANONYMOUS: S3Identity = { ...ANONYMOUS, s3: null };
