// The serial console: a terminal of 80 columns, which is what a guest takes a serial line for, as large as fits.
import { keepConnected } from "./console.js";
import { Terminal } from "./xterm.mjs";

const COLUMNS = 80;
const LEAST_ROWS = 24;
const screen = document.getElementById("screen");
screen.classList.add("terminal");

const terminal = new Terminal({
  cols: COLUMNS,
  rows: LEAST_ROWS,
  scrollback: 10_000,
  cursorBlink: true,
  fontFamily: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSize: 15,
  theme: {
    background: "#0b0d11",
    foreground: "#d7dce4",
    cursor: "#6cb2ff",
    selectionBackground: "#2b4a6b",
    black: "#14181f",
    red: "#f2716b",
    green: "#4fd08b",
    yellow: "#f0b94f",
    blue: "#6cb2ff",
    magenta: "#c792ea",
    cyan: "#5fd3d3",
    white: "#d7dce4",
    brightBlack: "#5f6b7c",
  },
});
terminal.open(screen);

/** The largest letters with which 80 columns and 24 rows fit, and then as many rows as there is room for. */
function fit() {
  const style = getComputedStyle(screen);
  const width = screen.clientWidth - 24;
  const height = screen.clientHeight - Number.parseFloat(style.paddingTop) - Number.parseFloat(style.paddingBottom);
  const cell = () => {
    const { width, height } = terminal.element.querySelector(".xterm-screen").getBoundingClientRect();
    return { width: width / terminal.cols, height: height / terminal.rows };
  };
  const { width: letter, height: line } = cell();
  if (letter === 0) return;
  const size = terminal.options.fontSize;
  const largest = Math.min((width / COLUMNS / letter) * size, (height / LEAST_ROWS / line) * size);
  terminal.options.fontSize = Math.max(8, Math.min(16, Math.floor(largest)));
  terminal.resize(COLUMNS, Math.max(LEAST_ROWS, Math.floor(height / cell().height)));
}
fit();
new ResizeObserver(fit).observe(screen);

const encoder = new TextEncoder();
let socket = null;
const send = (bytes) => socket?.readyState === WebSocket.OPEN && socket.send(bytes);
terminal.onData((text) => send(encoder.encode(text)));
terminal.onBinary((text) => send(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));

document.getElementById("clear").addEventListener("click", () => {
  terminal.clear();
  terminal.focus();
});

function connect(url, opened) {
  return new Promise((resolve) => {
    socket = new WebSocket(url, ["binary"]);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      opened();
      // A line at its prompt says nothing by itself.
      terminal.write("\x1b[90m— connected; press Enter if nothing appears —\x1b[0m\r\n");
      terminal.focus();
    });
    socket.addEventListener("message", ({ data }) => terminal.write(new Uint8Array(data)));
    socket.addEventListener("close", () => {
      socket = null;
      resolve();
    });
  });
}

keepConnected({ kind: "serial", title: "Serial console", connect });
