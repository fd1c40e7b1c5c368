import { Command } from "commander";
import { settingsFor } from "../bootstrap/settings.ts";
import { ControlClient } from "../control/client.ts";
import type { Span } from "../kernel/trace/trace.ts";
import { type ConfigOption, configOption } from "./options.ts";
import { formatDuration, type Style, styleFor } from "./terminal.ts";

export function explainCommand(): Command {
  return new Command("explain")
    .description("What a request did, step by step, with times: policy, scheduler, events, libvirt, host commands")
    .argument("<request-id>", "req-…, from an answer's X-Openstack-Request-Id header or an error message")
    .addOption(configOption())
    .option("--full", "with the XML given to libvirt and the rules given to commands")
    .option("--json", "for machines")
    .action(async (requestId: string, options: ConfigOption & { json?: boolean; full?: boolean }) => {
      const { settings } = settingsFor({ file: options.config, write: false });
      const spans = await new ControlClient(settings.dataDir).trace(requestId);
      if (options.json === true) process.stdout.write(`${JSON.stringify(spans, null, 2)}\n`);
      else if (spans.length === 0)
        throw new Error(
          `nothing is known of ${requestId}: only requests that change something are kept, and the oldest are forgotten`,
        );
      else process.stdout.write(renderTree(spans, styleFor(settings.logging.color), options.full === true));
    });
}

/** The spans as an indented tree, each with when it began after the request, and how long it took. */
export function renderTree(spans: readonly Span[], style: Style, full = false): string {
  const known = new Set(spans.map(({ id }) => id));
  const children = new Map<number | null, Span[]>();
  for (const span of spans) {
    const parent = span.parentId !== null && known.has(span.parentId) ? span.parentId : null;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const start = Math.min(...spans.map(({ startedAt }) => startedAt));
  const lines: string[] = [];
  const visit = (span: Span, indent: number) => {
    const when = `+${formatDuration(span.startedAt - start)}`.padStart(8);
    const took = span.duration > 0 ? `${span.duration.toFixed(1)} ms`.padStart(11) : " ".repeat(11);
    const details = Object.entries(span.attributes)
      .filter(([name, value]) => name !== "input" && name !== "xml" && value !== null)
      .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(" ");
    const error = span.error === null ? "" : ` ${style.red(`✗ ${span.error}`)}`;
    const what = `${style.bold(span.name)}${details === "" ? "" : ` ${style.dim(details)}`}${error}`;
    lines.push(`${style.dim(`${when} ${took}`)}  ${"  ".repeat(indent)}${what}`);
    if (full) for (const text of documents(span)) lines.push(...indented(text, indent + 1).map(style.dim));
    for (const child of children.get(span.id) ?? []) visit(child, indent + 1);
  };
  for (const root of children.get(null) ?? []) visit(root, 0);
  return `${lines.join("\n")}\n`;
}

/** The long texts of a span: what libvirt or a command was given. */
function documents({ attributes }: Span): string[] {
  return [attributes.xml, attributes.input].filter((text): text is string => typeof text === "string" && text !== "");
}

const indented = (text: string, indent: number): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => `${" ".repeat(22 + indent * 2)}${line}`);
