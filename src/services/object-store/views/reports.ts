import { xmlText } from "./listings.ts";

/** What a bulk operation tells at its end; the keys are those of its bodies. */
export interface Report {
  "Number Deleted"?: number;
  "Number Not Found"?: number;
  "Number Files Created"?: number;
  "Response Body"?: string;
  "Response Status"?: string;
  Etag?: string;
  "Last Modified"?: string;
  Errors: readonly (readonly [string, string])[];
}

export type ReportFormat = "text" | "json" | "xml";

/** swift/common/middleware/bulk.py, get_response_body. */
export function reportBody(
  format: ReportFormat,
  root: "delete" | "upload" | "extract",
  { Errors: errors, ...rest }: Report,
): string {
  if (format === "json") return JSON.stringify({ ...rest, Errors: errors });
  if (format === "xml") {
    const fields = Object.entries(rest).map(([name, value]) => {
      const tag = name.toLowerCase().replaceAll(" ", "_");
      return `<${tag}>${xmlText(String(value))}</${tag}>\n`;
    });
    const items = errors.map(
      ([name, status]) => `<object><name>${xmlText(name)}</name><status>${xmlText(status)}</status></object>\n`,
    );
    return `<${root}>\n${fields.join("")}<errors>\n${items.join("")}</errors>\n</${root}>\n`;
  }
  const order = [
    "Number Deleted",
    "Number Not Found",
    "Number Files Created",
    "Etag",
    "Last Modified",
    "Response Body",
    "Response Status",
  ] as const;
  const lines = order.flatMap((name) => (rest[name] === undefined ? [] : [`${name}: ${rest[name]}\n`]));
  return `${lines.join("")}Errors:\n${errors.map(([name, status]) => `${name}, ${status}\n`).join("")}`;
}
