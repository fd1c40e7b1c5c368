/** What any spelling of a boolean means; false for absent ones. */
export function isTrue(value: unknown): boolean {
  return value === true || ["true", "1", "on", "yes", "t", "y"].includes(String(value).toLowerCase());
}
