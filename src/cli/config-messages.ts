import { type ConfigError, formatProblem } from "../kernel/config/errors.ts";
import type { ConfigWarning } from "../kernel/config/settings.ts";
import { type Style, wrapped } from "./terminal.ts";

type Message = Pick<ConfigWarning, "file" | "line" | "message" | "hint"> & { readonly column?: number | null };

/**
 * What is to be said of local.conf. On a terminal of `columns` the file is named once, in front of it, and the messages stand in
 * a column behind their lines; a pipe (undefined) gets `note: FILE:LINE: …`, which editors and grep understand.
 */
export function configWarnings(
  warnings: readonly ConfigWarning[],
  style: Style,
  columns: number | undefined = process.stdout.columns,
): string {
  if (columns === undefined) {
    return warnings.map((one) => `${one.severity}: ${formatProblem(one)}\n`).join("");
  }
  const mark = ({ severity }: ConfigWarning) => (severity === "warning" ? style.yellow("!") : style.dim("·"));
  return table(
    warnings.map((one) => ({ mark: mark(one), ...one })),
    style,
    columns,
  );
}

/** The same for what stops everything. */
export function configMistakes(
  error: ConfigError,
  style: Style,
  columns: number | undefined = process.stderr.columns,
): string {
  const head = "The configuration has mistakes; nothing was changed.";
  if (columns === undefined) return `${head}\n\n${error.message}`;
  const files = [...new Set(error.problems.flatMap(({ file }) => file ?? []))].join(", ");
  const list = error.problems.map((one) => ({ mark: style.red("✗"), ...one }));
  return `${head}${files === "" ? "" : `  ${style.dim(files)}`}\n\n${table(list, style, columns).trimEnd()}`;
}

function table(messages: readonly (Message & { mark: string })[], style: Style, columns: number): string {
  const place = ({ line, column }: Message): string => [line, column].filter((part) => part != null).join(":");
  const width = Math.max(0, ...messages.map((one) => place(one).length));
  const indent = width + (width === 0 ? 4 : 6);
  return messages
    .map((one) => {
      const start = `  ${one.mark} ${width === 0 ? "" : `${style.dim(place(one).padStart(width))}  `}`;
      const message = `${start}${wrapped(one.message, indent, columns)}\n`;
      if (one.hint === "") return message;
      const hint = wrapped(one.hint, indent, columns).split("\n");
      // Colours must not span the margin of further lines.
      return `${message}${" ".repeat(indent)}${hint.map((line) => line.replace(/^( *)(.*)$/, (_, margin, text) => margin + style.dim(text))).join("\n")}\n`;
    })
    .join("");
}
