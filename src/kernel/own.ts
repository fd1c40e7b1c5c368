/** The value under a key that a caller chose: "constructor" is no key of a record that does not have it. */
export function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
