import { chmodSync, renameSync, writeFileSync } from "node:fs";

/** Replaces a file in one step: whoever is killed in the midst leaves the old one or the new one, never half of it. */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode });
  // Whatever the umask of whoever runs this.
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}
