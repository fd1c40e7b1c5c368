// Opens a console's URL as a browser would and prints what it says until it has said who it is (test/e2e/guest.test.ts).
import { WebSocket } from "ws";

const page = new URL(process.argv[2] ?? "");
// noVNC's page takes its socket's path from the `path` parameter ("?token=…" or "websockify?token=…").
const path = page.searchParams.get("path") ?? `?token=${page.searchParams.get("token")}`;
const url = page.protocol.startsWith("ws")
  ? page
  : new URL(path.startsWith("/") || path.startsWith("?") ? path : `/${path}`, page);
url.protocol = url.protocol.replace("http", "ws");
const socket = new WebSocket(url, ["binary"], {
  origin: page.protocol.startsWith("ws") ? page.origin.replace(/^ws/, "http") : page.origin,
});
let heard = "";
const end = () => {
  process.stdout.write(heard);
  process.exit(0);
};
socket.on("open", () => {
  // A serial console is silent until somebody presses Enter; a VNC server speaks first and is not disturbed.
  if (page.protocol.startsWith("ws")) socket.send(Buffer.from("\n"));
});
socket.on("message", (data) => {
  heard += data.toString();
  if (heard.includes("RFB") || heard.includes("login")) end();
});
socket.on("error", (error) => {
  console.error(String(error));
  process.exit(1);
});
setTimeout(end, 100_000);
