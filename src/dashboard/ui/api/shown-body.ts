/** Keys of bodies whose values are nobody's to read over a shoulder, nor to find in a clipboard. */
const SECRETS = new Set(["adminPass", "original_password", "password", "secret"]);

/** A body as it is shown and copied: JSON in one line, with "…" for what is secret. */
export const shownBody = (body: unknown): string =>
  JSON.stringify(body, (key, value: unknown) => (SECRETS.has(key) && typeof value === "string" ? "…" : value));
