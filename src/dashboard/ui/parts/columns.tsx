import type { Translate } from "../app/text.ts";
import type { words } from "../app/words.ts";
import { Link } from "./link.tsx";
import { StatusBadge } from "./status.tsx";
import type { Column } from "./table.tsx";
import { Ago } from "./time.tsx";

type Words = Translate<keyof typeof words.en & string>;

/** Its name, which leads to its page. */
export const nameColumn = <Item,>(
  w: Words,
  nameOf: (item: Item) => string,
  place: (item: Item) => string,
): Column<Item> => ({
  id: "name",
  header: w("name"),
  value: nameOf,
  cell: (item) => <Link to={place(item)}>{nameOf(item)}</Link>,
  grow: 2,
});

export const statusColumn = <Item extends { readonly status: string }>(w: Words): Column<Item> => ({
  id: "status",
  header: w("status"),
  value: ({ status }) => status,
  cell: ({ status }) => <StatusBadge status={status} />,
  grow: 1.2,
});

export const createdColumn = <Item extends { readonly created_at: string }>(w: Words): Column<Item> => ({
  id: "created",
  header: w("created"),
  value: ({ created_at }) => created_at,
  cell: ({ created_at }) => <Ago at={created_at} />,
  priority: 2,
});

/** Hidden until somebody chooses it. */
export const idColumn = <Item,>(w: Words, idOf: (item: Item) => string): Column<Item> => ({
  id: "id",
  header: w("id"),
  value: idOf,
  cell: (item) => <code>{idOf(item)}</code>,
  hidden: true,
  grow: 2,
  priority: 2,
});
