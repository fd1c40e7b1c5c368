/** One structured line per event. Where the lines go is decided by the sink (file per service, terminal, memory). */
export interface LogRecord {
  time: number;
  level: LogLevel;
  /** The service or part that speaks: "nova", "neutron", "libvirt", "host", "stack". */
  name: string;
  message: string;
  requestId: string | null;
  fields: Record<string, unknown>;
}

export type LogLevel = "debug" | "info" | "warning" | "error";
export type LogSink = (record: LogRecord) => void;

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warning: 2, error: 3 };

export interface LoggerOptions {
  sink: LogSink;
  level?: LogLevel;
  /** The current request id (the tracer's), so that no caller has to pass it. */
  requestId?: () => string | null;
}

export class Logger {
  readonly #options: LoggerOptions;
  readonly #name: string;

  constructor(name: string, options: LoggerOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** The same sink under another name. */
  named(name: string): Logger {
    return new Logger(name, this.#options);
  }

  debug(message: string, fields: Record<string, unknown> = {}): void {
    this.#write("debug", message, fields);
  }
  info(message: string, fields: Record<string, unknown> = {}): void {
    this.#write("info", message, fields);
  }
  warning(message: string, fields: Record<string, unknown> = {}): void {
    this.#write("warning", message, fields);
  }
  /** `cause` is written with its stack; it must not reach a client. */
  error(message: string, cause?: unknown, fields: Record<string, unknown> = {}): void {
    const stack = cause instanceof Error ? describeError(cause) : cause === undefined ? undefined : String(cause);
    this.#write("error", message, stack === undefined ? fields : { ...fields, cause: stack });
  }

  #write(level: LogLevel, message: string, fields: Record<string, unknown>): void {
    if (ORDER[level] < ORDER[this.#options.level ?? "info"]) return;
    const requestId = this.#options.requestId?.() ?? null;
    this.#options.sink({ time: Date.now(), level, name: this.#name, message, requestId, fields });
  }
}

function describeError(error: Error): string {
  const text = error.stack ?? error.message;
  return error.cause instanceof Error ? `${text}\ncaused by: ${describeError(error.cause)}` : text;
}

/** `{"time":"…","level":"info","name":"nova","req":"req-…","msg":"…",…}` */
export function formatJson(record: LogRecord): string {
  const { time, level, name, message, requestId, fields } = record;
  return JSON.stringify({
    time: new Date(time).toISOString(),
    level,
    name,
    req: requestId ?? undefined,
    msg: message,
    ...fields,
  });
}

export const discard: LogSink = () => {};
