/** Where the client says what it does; any logger with these methods fits. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing: what a caller without a logger gets. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
