import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Action } from "./action.tsx";
import { Empty } from "./empty.tsx";
import { PageHead } from "./page.tsx";
import { type Column, ResourceTable } from "./table.tsx";

interface Props<Item> {
  /** Keeps which columns somebody chose. */
  id: string;
  title: string;
  /** What `useList` answered. */
  list: { readonly data: Item[] | undefined; readonly error: Error | null; refetch(): unknown };
  columns: readonly Column<Item>[];
  idOf(item: NoInfer<Item>): string;
  nameOf(item: NoInfer<Item>): string;
  actions?: readonly Action<Item>[];
  /** What makes one: in the head, and again where there is none yet. */
  create?: ReactNode;
  empty: { readonly title: string; readonly hint: string; readonly icon: LucideIcon };
}

/** A page of all things of a kind. */
export function ListPage<Item extends object>(props: Props<Item>) {
  return (
    <>
      <PageHead title={props.title}>{props.create}</PageHead>
      <ListTable {...props} />
    </>
  );
}

/** The same without a head, for a part of a page. */
export function ListTable<Item extends object>({ title, list, create, empty, ...table }: Props<Item>) {
  return (
    <ResourceTable
      {...table}
      label={title}
      items={list.data}
      error={list.error}
      retry={() => void list.refetch()}
      empty={<Empty {...empty}>{create}</Empty>}
    />
  );
}
