/** A segment as manifests of clients name it. */
export interface NamedSegment {
  path?: string;
  etag?: string | null;
  size_bytes?: number | string | null;
  range?: string;
  data?: string;
}
