import { Option } from "commander";
import { wrapped } from "./terminal.ts";

export interface ConfigOption {
  config?: string;
}

/** `-c FILE`, which every command takes. */
export const configOption = () =>
  new Option(
    "-c, --config <file>",
    "local.conf to use (default: the current directory's, else the one beside bin/)",
  ).env("TENREC_CONF");

/** The end of a command's --help: what to know beyond the options, and commands to copy. */
export function examples(text: string, list: readonly (readonly [command: string, meaning: string])[]): string {
  const width = Math.max(0, ...list.map(([command]) => command.length));
  const lines = list.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`.trimEnd());
  return `\n${wrapped(text, 0)}\n${lines.length === 0 ? "" : `\nExamples:\n${lines.join("\n")}\n`}`;
}
