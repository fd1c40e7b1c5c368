/** What `/info` promises, with Swift's own numbers. */
export const LIMITS = {
  max_meta_name_length: 128,
  max_meta_value_length: 256,
  max_meta_count: 90,
  max_meta_overall_size: 4096,
  max_header_size: 8192,
  max_object_name_length: 1024,
  container_listing_limit: 10_000,
  account_listing_limit: 10_000,
  max_account_name_length: 256,
  max_container_name_length: 256,
} as const;

export const SLO_LIMITS = {
  max_manifest_segments: 1000,
  max_manifest_size: 8_388_608,
  yield_frequency: 10,
  min_segment_size: 1,
  allow_async_delete: false,
} as const;

export const BULK_LIMITS = {
  upload: { max_containers_per_extraction: 10_000, max_failed_extractions: 1000 },
  delete: { max_deletes_per_request: 10_000, max_failed_deletes: 1000 },
} as const;

/** How many links are followed from one to the next. */
export const SYMLOOP_MAX = 2;
/** The one storage policy there is. */
export const POLICY = "Policy-0";
