import type { ReactNode } from "react";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";
import { type Action, ActionMenu, useRunner } from "./action.tsx";

export interface PlainColumn<Item> {
  readonly header: string;
  readonly numeric?: boolean;
  cell(item: Item): ReactNode;
}

interface Props<Item> {
  items: readonly Item[];
  columns: readonly PlainColumn<NoInfer<Item>>[];
  idOf(item: NoInfer<Item>): string;
  /** Said instead of a table without rows. */
  empty: string;
  nameOf?(item: NoInfer<Item>): string;
  /** In a column of their own, by `nameOf`. */
  actions?: readonly Action<NoInfer<Item>>[];
  onDone?(action: Action<NoInfer<Item>>): void;
}

/** A short table in a card, which neither sorts nor filters. */
export function PlainTable<Item>(props: Props<Item>) {
  const { items, columns, idOf, empty, nameOf = idOf, actions = [], onDone } = props;
  const t = useText(words);
  const runner = useRunner(nameOf, onDone);
  if (items.length === 0)
    return (
      <>
        <p className="dim">{empty}</p>
        {runner.dialog}
      </>
    );
  return (
    <div className="scrolls">
      <table className="plain-table">
        <thead>
          <tr>
            {columns.map(({ header, numeric }) => (
              <th key={header} scope="col" className={numeric === true ? "numeric" : undefined}>
                {header}
              </th>
            ))}
            {actions.length > 0 && (
              <th scope="col" className="row-actions">
                <span className="hidden-visually">{t("actions")}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={idOf(item)}>
              {columns.map(({ header, numeric, cell }) => (
                <td key={header} className={numeric === true ? "numeric" : undefined}>
                  {cell(item)}
                </td>
              ))}
              {actions.length > 0 && (
                <td className="row-actions">
                  <ActionMenu actions={actions} item={item} name={nameOf(item)} runner={runner} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {runner.dialog}
    </div>
  );
}
