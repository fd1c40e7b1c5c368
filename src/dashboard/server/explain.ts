import type { Identity } from "../../kernel/auth/context.ts";
import type { Span } from "../../kernel/trace/trace.ts";

/** What only who runs the cloud is to see: documents for libvirt, texts for commands. */
const DOCUMENTS = ["xml", "input"];

/**
 * What a request did, as far as the caller may know: an administrator of any request, others of those that are theirs alone (a client chooses
 * the id of its request, so one id may have those of several people). Null: nothing that the caller may know of.
 */
export function explained(spans: readonly Span[], identity: Identity): Span[] | null {
  const requests = spans.filter(({ kind }) => kind === "request");
  if (identity.isAdmin) return spans.length === 0 ? null : [...spans];
  const own = requests.length > 0 && requests.every(({ attributes }) => attributes.user === identity.userId);
  if (!own) return null;
  return spans.map((span) => ({
    ...span,
    attributes: Object.fromEntries(Object.entries(span.attributes).filter(([name]) => !DOCUMENTS.includes(name))),
  }));
}
