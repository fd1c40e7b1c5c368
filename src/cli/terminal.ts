import type { Progress } from "../bootstrap/steps.ts";

/** Colours of a terminal, or nothing where there is none (LOG_COLOR, NO_COLOR, a pipe). */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
}

export function styleFor(color: boolean | "auto", stream: NodeJS.WriteStream = process.stdout): Style {
  const on = color === "auto" ? stream.isTTY === true && process.env.NO_COLOR === undefined : color;
  const wrap = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: wrap(1), dim: wrap(2), green: wrap(32), red: wrap(31), yellow: wrap(33) };
}

/** "0.4 s", "12 s", "3 min 5 s" */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/**
 * Text broken at spaces to the terminal's width, continued lines and the text's own further lines indented. Where the width is
 * not known (a pipe, a file) the lines stay whole: they may be read by a program.
 */
export function wrapped(text: string, indent: number, columns: number | undefined = process.stdout.columns): string {
  const margin = " ".repeat(indent);
  const width = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(30, columns - 1) - indent;
  const lines = text.split("\n").flatMap((line) => {
    const parts: string[] = [];
    let current = "";
    for (const word of line.trim().split(" ")) {
      if (current !== "" && current.length + 1 + word.length > width) {
        parts.push(current);
        current = word;
      } else current = current === "" ? word : `${current} ${word}`;
    }
    return [...parts, current];
  });
  return lines.join(`\n${margin}`);
}

const NAME_WIDTH = 28;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** One line per step; on a terminal the line of the running step lives. */
export function terminalProgress(style: Style, stream: NodeJS.WriteStream = process.stdout): Progress {
  const live = stream.isTTY === true;
  let timer: NodeJS.Timeout | null = null;
  let remark = "";
  const clear = () => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    if (live) stream.write("\r\u001b[2K");
  };
  // Room for the remark on a terminal; a wrapped line would break the columns.
  const room = () => (live ? Math.max(0, (stream.columns ?? 80) - NAME_WIDTH - 18) : Number.POSITIVE_INFINITY);
  const columns = (mark: string, step: string, milliseconds: number, text: string) => {
    const rest = text.length > room() ? `${text.slice(0, Math.max(0, room() - 1))}…` : text;
    const time = style.dim(formatDuration(milliseconds).padStart(9));
    return `  ${mark} ${step.padEnd(NAME_WIDTH)} ${time}${rest === "" ? "" : `  ${style.dim(rest)}`}`;
  };
  const line = (mark: string, step: string, milliseconds: number, text: string) =>
    stream.write(`${columns(mark, step, milliseconds, text)}\n`);
  return {
    begin(step) {
      remark = "";
      if (!live) return;
      const start = performance.now();
      let frame = 0;
      timer = setInterval(() => {
        frame = (frame + 1) % FRAMES.length;
        stream.write(`\r\u001b[2K${columns(FRAMES[frame] ?? "", step, performance.now() - start, remark)}`);
      }, 100);
    },
    update(text) {
      remark = text;
    },
    end(step, milliseconds, text) {
      clear();
      line(style.green("✓"), step, milliseconds, text ?? "");
    },
    fail(step, milliseconds, error) {
      clear();
      line(style.red("✗"), step, milliseconds, "");
      stream.write(`\n${style.red(wrapped(error.message, 2, stream.columns))}\n`);
    },
  };
}

/** One JSON object per line, for machines. */
export function jsonProgress(stream: NodeJS.WriteStream = process.stdout): Progress {
  const write = (event: object) => stream.write(`${JSON.stringify(event)}\n`);
  const seconds = (milliseconds: number) => Math.round(milliseconds) / 1000;
  return {
    begin: (step) => write({ event: "begin", step }),
    update: (remark) => write({ event: "progress", remark }),
    end: (step, milliseconds, remark) => write({ event: "end", step, seconds: seconds(milliseconds), remark }),
    fail: (step, milliseconds, error) =>
      write({ event: "failed", step, seconds: seconds(milliseconds), error: error.message }),
  };
}
