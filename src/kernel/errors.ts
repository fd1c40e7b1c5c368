/** An error whose words are made for the cloud's users: they hold nothing secret and name no path of the host. */
export class PublicError extends Error {}

/**
 * An error that a client is meant to see. `message` is shown as it is, so it must hold nothing secret. Each API family
 * renders it in its own envelope (kernel/http/families.ts).
 */
export class ApiError extends PublicError {
  readonly status: number;
  /** Neutron's and keystone's class names of errors ("NetworkInUse"); other APIs do not show it. */
  readonly type: string;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What keystone says of a failed login beside the message. */
  readonly identity: Readonly<Record<string, unknown>> | null;

  constructor(status: number, message: string, options: Options = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ApiError";
    this.status = status;
    this.type = options.type ?? DEFAULT_TYPES[status] ?? "HTTPError";
    this.detail = options.detail ?? "";
    this.headers = options.headers ?? {};
    this.identity = options.identity ?? null;
  }
}

const DEFAULT_TYPES: Record<number, string> = {
  400: "HTTPBadRequest",
  401: "HTTPUnauthorized",
  403: "PolicyNotAuthorized",
  404: "HTTPNotFound",
  405: "HTTPMethodNotAllowed",
  406: "HTTPNotAcceptable",
  409: "HTTPConflict",
  413: "HTTPRequestEntityTooLarge",
  500: "HTTPInternalServerError",
  501: "HTTPNotImplemented",
  503: "HTTPServiceUnavailable",
};

type Options = {
  type?: string;
  detail?: string;
  headers?: Record<string, string>;
  identity?: Record<string, unknown>;
  cause?: unknown;
};

export const badRequest = (message: string, options?: Options) => new ApiError(400, message, options);
export const unauthorized = (message: string, options?: Options) => new ApiError(401, message, options);
export const forbidden = (message: string, options?: Options) => new ApiError(403, message, options);
export const notFound = (message: string, options?: Options) => new ApiError(404, message, options);
export const conflict = (message: string, options?: Options) => new ApiError(409, message, options);
export const gone = (message: string, options?: Options) => new ApiError(410, message, options);
export const tooLarge = (message: string, options?: Options) => new ApiError(413, message, options);
export const notImplemented = (message: string, options?: Options) => new ApiError(501, message, options);
export const unavailable = (message: string, options?: Options) => new ApiError(503, message, options);

/** Something that a person is to mend on this machine; the message says how, so no stack is shown. */
export class Problem extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "Problem";
  }
}

/** The text of any thrown value, for logs and for messages that wrap a cause. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What an error of another service becomes in the words of who asked it: by its type ("SecurityGroupRuleExists"), else by its status,
 * else, if it is the asker's fault at all (below 500), by `refused`.
 */
export type Words = Readonly<Record<string | number, (error: ApiError) => ApiError>>;

/** The error to throw in place of another service's; one that `words` has nothing for stays as it is. */
function translated(error: unknown, words: Words): unknown {
  if (!(error instanceof ApiError)) return error;
  const say = words[error.type] ?? words[error.status] ?? (error.status < 500 ? words.refused : undefined);
  return say === undefined ? error : say(error);
}

/** Asks another service, whose errors come `translated`. */
export function inWords<T>(words: Words, ask: () => T): T {
  try {
    const answer = ask();
    if (!(answer instanceof Promise)) return answer;
    return answer.catch((error: unknown) => {
      throw translated(error, words);
    }) as T;
  } catch (error) {
    throw translated(error, words);
  }
}

/** Null for what is not there (404), and for what is gone already when it is to go. */
export function orNull<T>(ask: () => Promise<T>): Promise<T | null>;
export function orNull<T>(ask: () => T): T | null;
export function orNull<T>(ask: () => T | Promise<T>): T | null | Promise<T | null> {
  const absent = (error: unknown): null => {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  };
  try {
    const answer = ask();
    return answer instanceof Promise ? answer.catch(absent) : answer;
  } catch (error) {
    return absent(error);
  }
}
