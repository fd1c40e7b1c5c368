// The graphical console: noVNC's client in the whole window.
import { keepConnected } from "./console.js";
import RFB from "./core/rfb.js";

const screen = document.getElementById("screen");
const keys = document.getElementById("keys");
const viewOnly = ["1", "true"].includes(new URLSearchParams(location.search).get("view_only") ?? "");
let current = null;

keys.hidden = viewOnly;
keys.addEventListener("click", () => {
  current?.sendCtrlAltDel();
  current?.focus();
});

function connect(url, opened) {
  return new Promise((resolve) => {
    // The last picture of a connection that ended is there until now.
    screen.replaceChildren();
    const rfb = new RFB(screen, url, { wsProtocols: ["binary"] });
    rfb.scaleViewport = true;
    rfb.viewOnly = viewOnly;
    rfb.background = "transparent";
    rfb.addEventListener("connect", () => {
      current = rfb;
      keys.disabled = false;
      opened();
      rfb.focus();
    });
    rfb.addEventListener("disconnect", () => {
      current = null;
      keys.disabled = true;
      resolve();
    });
  });
}

keepConnected({ kind: "novnc", title: "Console", connect });
