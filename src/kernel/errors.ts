/**
 * An error that a client is meant to see. `message` is shown as it is, so it must hold nothing secret. Each API family
 * renders it in its own envelope (kernel/http/families.ts).
 */
export class ApiError extends Error {
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
