/** The namespace of S3's documents, as attributes of a root. */
export const S3_XMLNS = { xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" } as const;

/** Stamps are in units of 10 µs; seconds are rounded up, as Last-Modified is, so that both say the same. */
export const s3Time = (stamp: number): string => new Date(Math.ceil(stamp / 100_000) * 1000).toISOString();

/** What `encoding-type=url` makes of a name: S3 leaves "/" as it is. */
export const urlEncoded = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%2F", "/");
