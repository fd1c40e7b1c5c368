import { spawn } from "node:child_process";
import { Server } from "node:net";
import { join } from "node:path";
import { projectRoot, selfCommand } from "../../kernel/program/program.ts";
import { netnsPath } from "../exec.ts";

const TIMEOUT_MS = 20_000;

/** How the helper is started: `[program, …arguments]`, the address and port are appended. */
export function defaultListenHelper(): readonly string[] {
  const root = projectRoot();
  // The single executable is that helper too: src/binary/main.ts.
  if (root === null) return selfCommand("listen-helper");
  return [process.execPath, join(root, "src/host/net/listen-helper.ts")];
}

/**
 * A listening TCP socket inside another network namespace, served by this process. Node cannot enter a namespace, so a
 * short-lived child opens the socket there and passes it over. It costs one start of Node (about 50 ms of CPU), and
 * nothing stays running. The caller closes it; while open it keeps the namespace alive.
 */
export function listenInNamespace(
  netns: string,
  address: string,
  port: number,
  helper: readonly string[] = defaultListenHelper(),
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const child = spawn("nsenter", [`--net=${netnsPath(netns)}`, "--", ...helper, address, String(port)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: "1" },
    });
    let said = "";
    let taken: Server | null = null;
    const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on("message", (message: { error?: string }, handle: unknown) => {
      if (handle instanceof Server) {
        taken = handle;
        child.send("taken");
      } else {
        said += message.error ?? "";
      }
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    // Only when the child is gone: until then it could still accept connections on the shared socket.
    child.on("exit", () => {
      clearTimeout(timer);
      if (taken !== null) resolve(taken);
      else reject(new Error(`cannot listen on ${address}:${port} in ${netns}: ${said.trim().slice(0, 500)}`));
    });
  });
}
