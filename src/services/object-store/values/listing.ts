/** What of a container or account is listed, as both dialects say it. Names are exclusive bounds; "" is no bound. */
export interface ListQuery {
  limit: number;
  prefix?: string;
  /** What ends a name's part after the prefix: names that go on behind it are listed as one `subdir`. */
  delimiter?: string;
  marker?: string;
  endMarker?: string;
  /** Only what lies directly in this pseudo-directory (Swift's `path`); "" is the top. */
  path?: string;
  reverse?: boolean;
}

export type Listed<Row> = Row | { subdir: string };

export const isSubdir = <Row extends object>(entry: Listed<Row>): entry is { subdir: string } => "subdir" in entry;
