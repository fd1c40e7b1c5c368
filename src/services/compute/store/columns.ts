/** How one property of an object is kept in a row. */
export interface Column {
  /** snake_case */
  name: string;
  /** TEXT that holds JSON. */
  json: boolean;
}

/** Columns of an object's properties: plain ones, and those kept as JSON. */
export function columnsOf<Key extends string>(plain: readonly Key[], json: readonly Key[]): Record<Key, Column> {
  const columns: Record<string, Column> = {};
  for (const key of plain) columns[key] = { name: snake(key), json: false };
  for (const key of json) columns[key] = { name: snake(key), json: true };
  return columns;
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Named parameters of a statement for the properties that are present. */
export function encode(columns: Readonly<Record<string, Column>>, object: object): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object)) {
    const column = columns[key];
    if (column === undefined) continue;
    parameters[column.name] = column.json && value !== null ? JSON.stringify(value) : value;
  }
  return parameters;
}

/** A row as an object; `number` and `revision` are taken over as they are. */
export function decode(
  columns: Readonly<Record<string, Column>>,
  row: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const object: Record<string, unknown> = { number: row.number, revision: row.revision };
  for (const [key, { name, json }] of Object.entries(columns)) {
    const value = row[name];
    object[key] = json && typeof value === "string" ? JSON.parse(value) : value;
  }
  return object;
}
