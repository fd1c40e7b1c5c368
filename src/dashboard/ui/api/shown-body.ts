/** Keys of bodies whose values are nobody's to read over a shoulder, nor to find in a clipboard. */
const SECRETS = new Set(["adminPass", "original_password", "password", "secret"]);

/** A body as it is shown and copied: JSON in one line, with "…" for what is secret. `secrets`: further keys. */
export const shownBody = (body: unknown, secrets: readonly string[] = []): string =>
  JSON.stringify(body, (key, value: unknown) =>
    typeof value === "string" && (SECRETS.has(key) || secrets.includes(key)) ? "…" : value,
  );
