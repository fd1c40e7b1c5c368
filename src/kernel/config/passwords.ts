import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** DevStack's file of generated passwords, as NAME='value' lines. */
export const passwordFileName = ".localrc.password";

/** Secrets that are made when they are not given. */
export const generatedSecrets: readonly string[] = ["ADMIN_PASSWORD"];

export function generatePassword(): string {
  return randomBytes(12).toString("hex");
}

/** Secrets of an earlier run; empty when there is no file. Values may hold any character but line breaks. */
export function readPasswords(file: string): Map<string, string> {
  const found = new Map<string, string>();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return found;
    throw cause;
  }
  for (const line of text.split("\n")) {
    const match = /^(\w+)='(.*)'$/.exec(line);
    if (match !== null) found.set(match[1] ?? "", (match[2] ?? "").replaceAll("'\\''", "'"));
  }
  return found;
}

/** Writes the file anew, readable by its owner only from the first moment, replaced in one step. */
export function writePasswords(file: string, passwords: ReadonlyMap<string, string>): void {
  const body = [...passwords].map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'\n`).join("");
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.new`;
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    fchmodSync(descriptor, 0o600);
    writeSync(descriptor, `# Generated; read by every later start.\n${body}`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}
