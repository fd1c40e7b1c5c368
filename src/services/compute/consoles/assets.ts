/** Files that browsers get as they are, from the checkout's root. The single executable has them inside under these names. */
const WEB = "src/services/compute/consoles/web";
const NOVNC = "node_modules/@novnc/novnc";
const XTERM = "node_modules/@xterm/xterm";

/** Folders and single files that the console pages are made of. */
export const CONSOLE_ASSETS: readonly string[] = [
  WEB,
  `${NOVNC}/core`,
  `${NOVNC}/vendor`,
  `${XTERM}/lib/xterm.mjs`,
  `${XTERM}/css/xterm.css`,
];

/** A request's path → the file, or null. Segments that could lead elsewhere (dots, escapes) match nothing. */
export type AssetRoutes = (path: string) => string | null;

const PLAIN_PATH = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;
const SHARED = ["console.css", "console.js", "icon.svg"];

/** The graphical console: its page under every name nova's URLs have had, and noVNC's modules. */
export const vncAssets: AssetRoutes = (path) => {
  if (["/", "/vnc_lite.html", "/vnc_auto.html", "/vnc.html"].includes(path)) return `${WEB}/vnc_lite.html`;
  if (/^\/(core|vendor)\//.test(path) && PLAIN_PATH.test(path)) return NOVNC + path;
  return own(path, [...SHARED, "vnc.js"]);
};

/** The serial console. */
export const serialAssets: AssetRoutes = (path) => {
  if (["/", "/serial.html"].includes(path)) return `${WEB}/serial.html`;
  if (path === "/xterm.mjs") return `${XTERM}/lib/xterm.mjs`;
  if (path === "/xterm.css") return `${XTERM}/css/xterm.css`;
  return own(path, [...SHARED, "serial.js"]);
};

const own = (path: string, names: readonly string[]): string | null =>
  names.includes(path.slice(1)) ? WEB + path : null;
