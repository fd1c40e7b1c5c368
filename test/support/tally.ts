// A reporter of node's test runner: what closing.ts tells at the end of a run, a line of JSON each.
import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

export type Line =
  | { kind: "passed"; count: number }
  | { kind: "file"; file: string; seconds: number }
  | { kind: "skipped"; name: string; why: string }
  | { kind: "failed"; name: string; at: string; error: string };

export default async function* tally(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  /** What is reported, after the suites around it. */
  const names: string[] = [];
  let passed = 0;
  const line = (fields: Line) => `${JSON.stringify(fields)}\n`;
  const nameOf = ({ nesting }: { nesting: number }) => names.slice(0, nesting + 1).join(" > ");
  for await (const { type, data } of source) {
    if (type === "test:start") {
      names.splice(data.nesting, Number.POSITIVE_INFINITY, data.name);
    } else if (type === "test:complete") {
      // The process of a whole file.
      const isFile = data.nesting === 0 && relative("", data.file ?? "") === data.name;
      if (isFile) yield line({ kind: "file", file: data.name, seconds: data.details.duration_ms / 1000 });
    } else if (type === "test:pass") {
      // A suite that is skipped as one: the runner does not even begin what is in it.
      if (data.skip !== undefined) yield line({ kind: "skipped", name: nameOf(data), why: String(data.skip) });
      else if (data.details.type === "test") passed += 1;
    } else if (type === "test:fail") {
      const error = data.details.error as Error & { failureType?: string };
      // Suites and tests around it, which only say that something in them failed.
      if (error.failureType === "subtestsFailed") continue;
      const text = inspect(error.cause ?? error);
      // A helper may have made the test (in-order.ts); then only the error knows where it was.
      const at = /test\/[\w./-]+\.test\.ts:\d+/.exec(text)?.[0] ?? `${relative("", data.file ?? "")}:${data.line}`;
      yield line({ kind: "failed", name: nameOf(data), at, error: text });
    }
  }
  yield line({ kind: "passed", count: passed });
}
