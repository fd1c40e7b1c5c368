import { createHash } from "node:crypto";
import { extname } from "node:path";
import { type Context, Hono } from "hono";
import { ApiError } from "../../../kernel/errors.ts";
import type { Logger } from "../../../kernel/log/logger.ts";
import { programFile } from "../../../kernel/program/program.ts";
import type { ConsoleTarget } from "../facade.ts";
import { serialAssets, vncAssets } from "./assets.ts";
import { hostnameOf, isToken } from "./origin.ts";

export interface ConsolePagesOptions {
  readonly type: "novnc" | "serial";
  resolve(token: string): Promise<ConsoleTarget | null>;
  readonly log: Logger;
  /** Host names, beside the one asked, whose pages may show a console in a frame. */
  readonly allowedOrigins?: readonly string[];
}

interface Asset {
  bytes: Uint8Array<ArrayBuffer>;
  etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The pages with a guest's screen or serial line, their scripts, and `/console.json`, which tells them about their token. */
export function consolePages({ type, resolve, log, allowedOrigins = [] }: ConsolePagesOptions): Hono {
  const app = new Hono();
  const route = type === "novnc" ? vncAssets : serialAssets;
  const assets = new Map<string, Asset>();
  app.use(async (context, next) => {
    await next();
    // The page's address holds the token.
    context.header("referrer-policy", "no-referrer");
    context.header("x-content-type-options", "nosniff");
    context.header("content-security-policy", contentPolicy(type, context.req.header("host"), allowedOrigins));
  });

  app.get("/console.json", async (context) => {
    // In a header of its own, which pages of other hosts cannot send: the answer is for our page only.
    const token = context.req.header("x-console-token") ?? "";
    context.header("cache-control", "no-store");
    try {
      const target = isToken(token) ? await resolve(token) : null;
      if (target === null || target.type !== type) return context.json({ state: "expired" }, 404);
      return context.json({ state: "ready", server: { id: target.serverId, name: target.serverName } });
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return context.json({ state: "not-running" }, 409);
      log.warning("a console could not be looked up", { type, error: error instanceof Error ? error.message : error });
      return context.json({ state: "unavailable" }, 502);
    }
  });

  app.get("*", (context) => {
    const name = route(context.req.path);
    const asset = name === null ? null : read(assets, name);
    return name === null || asset === null ? context.text("Not Found\n", 404) : answer(context, name, asset);
  });
  return app;
}

function answer(context: Context, name: string, { bytes, etag }: Asset): Response {
  // Asked again each time: after an upgrade no old script is left in a browser.
  const headers = { etag, "cache-control": "no-cache" };
  if (context.req.header("if-none-match") === etag) return context.body(null, 304, headers);
  return context.body(bytes, 200, {
    ...headers,
    "content-type": TYPES[extname(name)] ?? "text/plain; charset=utf-8",
  });
}

function read(assets: Map<string, Asset>, name: string): Asset | null {
  let asset = assets.get(name);
  if (asset === undefined) {
    try {
      const bytes = new Uint8Array(programFile(name));
      asset = { bytes, etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` };
    } catch {
      return null;
    }
    assets.set(name, asset);
  }
  return asset;
}

/**
 * Only what this port serves runs, and it talks to this port only. A dashboard may show the page in a frame if its host is
 * this one, at any port, or allowed by name: the rule that isAllowedOrigin has for web sockets.
 */
function contentPolicy(type: "novnc" | "serial", host: string | undefined, allowed: readonly string[]): string {
  const here = host === undefined ? null : hostnameOf(`http://${host}`);
  // The policy's grammar has no place for addresses in brackets.
  const hosts = [...(here === null ? [] : [here]), ...allowed].filter((name) => /^[A-Za-z0-9.-]+$/.test(name));
  const ancestors = hosts.flatMap((name) => [`http://${name}:*`, `https://${name}:*`]);
  return [
    "default-src 'none'",
    "script-src 'self'",
    // xterm.js measures letters and writes style elements for its colours.
    type === "serial" ? "style-src 'self' 'unsafe-inline'" : "style-src 'self'",
    // noVNC gets parts of the screen as JPEG.
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    ["frame-ancestors 'self'", ...ancestors].join(" "),
  ].join("; ");
}
