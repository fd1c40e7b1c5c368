// What the graphical and the serial page share: the token, the bar, the notice, and connecting again.

const element = (id) => document.getElementById(id);
const RETRY_MS = [1000, 2000, 3000, 5000];

/**
 * The page's token: `?path=?token=…` in nova's URLs, `?token=…` in older ones and those of serial consoles.
 * Nothing else of the address decides whom this page connects to.
 */
function tokenOfPage() {
  const query = new URLSearchParams(location.search);
  const path = query.get("path") ?? "";
  const inPath = new URLSearchParams(path.slice(path.indexOf("?") + 1)).get("token");
  return query.get("token") ?? inPath ?? "";
}

const token = tokenOfPage();

/** Where the console's bytes are, beside this page. */
function socketUrl() {
  const url = new URL(".", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.search = new URLSearchParams({ token }).toString();
  return url.href;
}

/** What the cloud says about the token: `ready` with the server, `expired`, `not-running`, `unavailable` or `unreachable`. */
async function lookUp() {
  try {
    const response = await fetch("console.json", { headers: { "x-console-token": token }, cache: "no-store" });
    return await response.json();
  } catch {
    return { state: "unreachable" };
  }
}

function setState(state, text) {
  document.body.dataset.state = state;
  element("status").textContent = text;
}

function setName(name, kind) {
  element("name").textContent = name;
  document.title = `${name} – ${kind}`;
}

function showNotice({ title, text, command = "", again = true }) {
  const notice = element("notice");
  notice.querySelector("h2").textContent = title;
  notice.querySelector("p").textContent = text;
  element("command").hidden = command === "";
  element("command").querySelector("code").textContent = command;
  element("again").hidden = !again;
  notice.hidden = false;
}

/** A name as a shell takes it. */
const quoted = (name) => (/^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);

function noticeOf(state, server, kind) {
  const name = server === null ? "SERVER" : quoted(server.name);
  switch (state) {
    case "missing":
      return {
        title: "No console is named here",
        text: "The address of a console has a token in it. Get one with:",
        command: `openstack console url show --${kind} ${name}`,
        again: false,
      };
    case "expired":
      return {
        title: "This link has expired",
        text: "Links to consoles open for ten minutes, and end with their server. Get a new one with:",
        command: `openstack console url show --${kind} ${name}`,
        again: false,
      };
    case "not-running":
      return {
        title: "The server is not running",
        text: "The console opens by itself as soon as the server runs.",
        command: `openstack server start ${name}`,
      };
    case "unreachable":
      return { title: "The cloud does not answer", text: "This page keeps trying." };
    case "unavailable":
      return { title: "The console cannot be reached", text: "The cloud's log says why. This page keeps trying." };
    default:
      return { title: "The console was disconnected", text: "Connecting again…" };
  }
}

/** Resolves after the time, at a click on "Connect now", or when a hidden page is looked at again. */
function pause(milliseconds) {
  const { promise, resolve } = Promise.withResolvers();
  const ended = new AbortController();
  const done = () => {
    ended.abort();
    resolve();
  };
  const timer = setInterval(() => !document.hidden && done(), milliseconds);
  ended.signal.addEventListener("abort", () => clearInterval(timer));
  element("again").addEventListener("click", done, { signal: ended.signal });
  document.addEventListener("visibilitychange", () => !document.hidden && done(), { signal: ended.signal });
  return promise;
}

/**
 * Keeps the console open as long as its token allows.
 * @param kind "novnc" or "serial", as the command line has it
 * @param title of the page, after the server's name
 * @param connect (url, opened) → a promise that resolves when the connection ends; it calls `opened` once it is usable
 */
export async function keepConnected({ kind, title, connect }) {
  let server = null;
  // Dashboards add "name(id)" to the address.
  const given = new URLSearchParams(location.search).get("title");
  if (given !== null) setName(given, title);
  for (let failures = 0; ; failures++) {
    const { state, server: found } = token === "" ? { state: "missing" } : await lookUp();
    let ended = state;
    if (found !== undefined) {
      server = found;
      setName(server.name, title);
    }
    if (state === "ready") {
      await connect(socketUrl(), () => {
        failures = 0;
        setState("connected", "Connected");
        element("notice").hidden = true;
      });
      // A stopped guest and an expired link look alike from here.
      const now = await lookUp();
      ended = now.state === "ready" ? "disconnected" : now.state;
    }
    const notice = noticeOf(ended, server, kind);
    setState("ended", ended === "expired" ? "Expired" : "Disconnected");
    showNotice(notice);
    if (notice.again === false) return;
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    setState("ended", "Connecting…");
  }
}

element("fullscreen").addEventListener("click", () => {
  if (document.fullscreenElement === null) document.documentElement.requestFullscreen().catch(() => {});
  else document.exitFullscreen();
});
if (!document.fullscreenEnabled) element("fullscreen").hidden = true;

element("command")
  .querySelector("button")
  .addEventListener("click", async ({ currentTarget: button }) => {
    const code = element("command").querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // Only secure pages may write to the clipboard: then it is one key away.
      getSelection().selectAllChildren(code);
    }
  });
