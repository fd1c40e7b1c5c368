import type { Exec } from "../../host/types.ts";

/** The program that listens on a TCP port, as `ss` names it ("nginx (pid 812)"); null when nobody does. */
export async function whoListens(exec: Exec, port: number): Promise<string | null> {
  const { stdout } = await exec.run("ss", ["-Hltnp", `sport = :${port}`], { allowFailure: true });
  const line = stdout.trim().split("\n")[0] ?? "";
  if (line === "") return null;
  const [, name, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(line) ?? [];
  return name === undefined ? "another program" : `${name} (pid ${pid})`;
}
