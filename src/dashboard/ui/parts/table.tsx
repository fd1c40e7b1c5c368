import {
  columnVisibilityFeature,
  createSortedRowModel,
  type RowSelectionState,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, Check, Columns3, Minus, Search, X } from "lucide-react";
import {
  type KeyboardEvent,
  type ReactNode,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Button, Checkbox, Input, Menu, MenuItem, MenuTrigger, Popover, SearchField } from "react-aria-components";
import { useSearchParams } from "wouter";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";
import { type Action, ActionMenu, useRunner } from "./action.tsx";
import { Busy } from "./busy.tsx";
import { Problem } from "./problem.tsx";

export interface Column<Item> {
  readonly id: string;
  readonly header: string;
  /** What it is sorted and filtered by. */
  value(item: Item): string | number | null | undefined;
  /** Absent: the value itself. */
  cell?(item: Item): ReactNode;
  /** Part of the width, beside the others'. */
  readonly grow?: number;
  /** Narrow pages leave out what is above 0: 1 on a phone, 2 on a tablet. */
  readonly priority?: 0 | 1 | 2;
  readonly hidden?: boolean;
  readonly numeric?: boolean;
}

interface Props<Item> {
  /** Keeps which columns somebody chose. */
  id: string;
  label: string;
  items: readonly Item[] | undefined;
  error: Error | null;
  retry(): void;
  columns: readonly Column<Item>[];
  idOf(item: Item): string;
  nameOf(item: Item): string;
  actions?: readonly Action<Item>[];
  /** Instead of the table where there is nothing. */
  empty: ReactNode;
  children?: ReactNode;
}

const features = tableFeatures({
  columnVisibilityFeature,
  rowSelectionFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
});

const ROW_HEIGHT = 41;
/** Fewer are drawn all: then the browser's own search finds them. */
const VIRTUAL_FROM = 150;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a ?? ""), String(b ?? ""));
}

/** Every word is in the row; "status:error" looks in one column. */
function fits<Item>(item: Item, columns: readonly Column<Item>[], id: string, words: readonly string[]): boolean {
  let all: string | null = null;
  return words.every((word) => {
    const at = word.indexOf(":");
    const column = at > 0 ? columns.find((one) => one.id === word.slice(0, at)) : undefined;
    if (column !== undefined)
      return String(column.value(item) ?? "")
        .toLowerCase()
        .includes(word.slice(at + 1));
    all ??= `${id}\n${columns.map((one) => one.value(item) ?? "").join("\n")}`.toLowerCase();
    return all.includes(word);
  });
}

/** A list of things that filters, sorts, chooses columns and acts on many; what is shown is in the address. */
export function ResourceTable<Item extends object>(props: Props<Item>) {
  const { id, label, items, error, retry, columns, idOf, nameOf, actions = [], empty, children } = props;
  const t = useText(words);
  const [params, setParams] = useSearchParams();
  const query = params.get("q") ?? "";
  const deferred = useDeferredValue(query);
  const [hidden, setHidden] = useHidden(id, columns);
  const [selected, setSelected] = useState<RowSelectionState>({});
  const runner = useRunner(nameOf, () => setSelected({}));

  const shown = useMemo(() => {
    const words = deferred
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    return words.length === 0 ? (items ?? []) : (items ?? []).filter((item) => fits(item, columns, idOf(item), words));
  }, [items, deferred, columns, idOf]);

  const sort = params.get("sort") ?? "";
  const sorting = useMemo(
    () => (sort === "" ? [] : [{ id: sort.replace(/^-/, ""), desc: sort.startsWith("-") }]),
    [sort],
  );
  const definitions = useMemo(
    () =>
      columns.map((column) => ({
        id: column.id,
        accessorFn: (item: Item) => column.value(item) ?? null,
        sortFn: (a: { original: Item }, b: { original: Item }) =>
          compare(column.value(a.original), column.value(b.original)),
      })),
    [columns],
  );
  const table = useTable({
    features,
    columns: definitions,
    data: shown as Item[],
    getRowId: (item: Item) => idOf(item),
    state: { sorting, columnVisibility: hidden, rowSelection: selected },
    onRowSelectionChange: setSelected,
  });

  const change = (name: string, value: string) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value === "") next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );

  const rows = table.getRowModel().rows;
  const chosen = rows.filter((row) => selected[row.id] === true).map((row) => row.original);
  const bulk = actions.filter(({ single }) => single !== true);
  const body = useRef<HTMLTableSectionElement>(null);
  const [margin, setMargin] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where the rows begin moves with what is above them
  useLayoutEffect(() => {
    setMargin((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, [items === undefined, chosen.length > 0]);
  const isVirtual = rows.length > VIRTUAL_FROM;
  const virtualizer = useWindowVirtualizer({
    count: isVirtual ? rows.length : 0,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollMargin: margin,
  });
  const filter = useRef<HTMLInputElement>(null);
  useSlash(filter);

  if (error !== null && items === undefined) return <Problem error={error} retry={retry} />;
  if (items === undefined) return <Busy what={label} />;
  if (items.length === 0) return <>{empty}</>;

  const drawn = virtualizer.getVirtualItems();
  const [before, after] = isVirtual
    ? [(drawn[0]?.start ?? margin) - margin, virtualizer.getTotalSize() - ((drawn.at(-1)?.end ?? margin) - margin)]
    : [0, 0];
  const visible = isVirtual ? drawn.flatMap(({ index }) => rows[index] ?? []) : rows;
  const visibleColumns = columns.filter((column) => hidden[column.id] !== false);
  const width = visibleColumns.length + 1 + (actions.length > 0 ? 1 : 0);
  const isAll = rows.length > 0 && chosen.length === rows.length;

  return (
    <div className="resource-table">
      <div className="toolbar">
        <SearchField
          className="search"
          aria-label={t("table.filter")}
          value={query}
          onChange={(value) => change("q", value)}
        >
          <Search size={14} aria-hidden="true" />
          <Input ref={filter} placeholder={t("table.filter")} title={t("table.filter.hint")} />
          <Button className="button quiet icon" aria-label={t("table.filter.clear")}>
            <X size={13} aria-hidden="true" />
          </Button>
        </SearchField>
        <span className="dim count" role="status">
          {rows.length === items.length
            ? t("table.rows", { count: rows.length })
            : t("table.rows.of", { shown: rows.length, count: items.length })}
        </span>
        <span className="spacer" />
        <ColumnMenu columns={columns} hidden={hidden} onChange={setHidden} />
        {children}
      </div>
      {chosen.length > 0 && (
        <section className="bulk" aria-label={t("table.selected", { count: chosen.length })}>
          <strong>{t("table.selected", { count: chosen.length })}</strong>
          {bulk
            .filter((action) => chosen.every((item) => action.available?.(item) !== false))
            .map((action) => (
              <Button
                key={action.id}
                className={action.tone === "danger" ? "button small danger" : "button small"}
                onPress={() => runner.start(action, chosen)}
              >
                {action.icon !== undefined && <action.icon size={13} aria-hidden="true" />}
                {action.label}
              </Button>
            ))}
          <Button className="button quiet small" onPress={() => setSelected({})}>
            {t("table.clear")}
          </Button>
        </section>
      )}
      <table aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {bulk.length > 0 && (
              <th className="select" scope="col">
                <Tick
                  label={t("table.select.all")}
                  isSelected={isAll}
                  isIndeterminate={!isAll && chosen.length > 0}
                  onChange={(on) =>
                    setSelected(on ? Object.fromEntries(rows.map((row) => [row.id, true as const])) : {})
                  }
                />
              </th>
            )}
            {visibleColumns.map((column) => {
              const sorted = sorting[0]?.id === column.id ? (sorting[0].desc ? "descending" : "ascending") : undefined;
              return (
                <th
                  key={column.id}
                  scope="col"
                  className={classOf(column)}
                  style={column === visibleColumns[0] ? {} : { width: `${(column.grow ?? 1) * 10}%` }}
                  {...(sorted === undefined ? {} : { "aria-sort": sorted })}
                >
                  <button
                    type="button"
                    className="sort"
                    onClick={() =>
                      change("sort", sorted === undefined ? column.id : sorted === "ascending" ? `-${column.id}` : "")
                    }
                  >
                    {column.header}
                    {sorted === "ascending" && <ArrowUp size={12} aria-hidden="true" />}
                    {sorted === "descending" && <ArrowDown size={12} aria-hidden="true" />}
                  </button>
                </th>
              );
            })}
            {actions.length > 0 && (
              <th className="row-actions" scope="col">
                <span className="hidden-visually">{t("actions")}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={moveBetweenRows}>
          {before > 0 && <Gap height={before} width={width} />}
          {visible.map((row) => {
            const item = row.original;
            const name = nameOf(item);
            const on = selected[row.id] === true;
            return (
              <tr key={row.id} aria-rowindex={row.index + 2} className={on ? "selected" : ""}>
                {bulk.length > 0 && (
                  <td className="select">
                    <Tick
                      label={t("table.select", { name })}
                      isSelected={on}
                      onChange={(next) => row.toggleSelected(next)}
                    />
                  </td>
                )}
                {visibleColumns.map((column) => (
                  <td key={column.id} className={classOf(column)}>
                    {column.cell === undefined
                      ? (column.value(item) ?? <span className="dim">—</span>)
                      : column.cell(item)}
                  </td>
                ))}
                {actions.length > 0 && (
                  <td className="row-actions">
                    <ActionMenu actions={actions} item={item} name={name} runner={runner} />
                  </td>
                )}
              </tr>
            );
          })}
          {after > 0 && <Gap height={after} width={width} />}
        </tbody>
      </table>
      {rows.length === 0 && (
        <p className="nothing">
          {t("table.nothing")}{" "}
          <Button className="button small" onPress={() => change("q", "")}>
            {t("table.filter.clear")}
          </Button>
        </p>
      )}
      {runner.dialog}
    </div>
  );
}

const classOf = <Item,>({ priority = 0, numeric = false }: Column<Item>): string =>
  `p${priority}${numeric ? " numeric" : ""}`;

function Gap({ height, width }: { height: number; width: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: there is nothing in it
    <tr aria-hidden="true" className="gap">
      <td colSpan={width} style={{ height: `${height}px` }} />
    </tr>
  );
}

/** Up and down go from row to row, at the same place of it. */
function moveBetweenRows(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const from = event.target as HTMLElement;
  if (from.tagName === "INPUT" && (from as HTMLInputElement).type !== "checkbox") return;
  const row = from.closest("tr");
  const to = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  const place = [...(row?.querySelectorAll(FOCUSABLE) ?? [])].indexOf(from);
  const target = to?.querySelectorAll<HTMLElement>(FOCUSABLE)[Math.max(0, place)];
  if (target === undefined || from.getAttribute("aria-haspopup") === "true") return;
  event.preventDefault();
  target.focus();
}

const FOCUSABLE = "a[href], button, input";

function Tick(props: { label: string; isSelected: boolean; isIndeterminate?: boolean; onChange(on: boolean): void }) {
  const { label, isSelected, isIndeterminate = false, onChange } = props;
  return (
    <Checkbox
      className="checkbox"
      aria-label={label}
      isSelected={isSelected}
      isIndeterminate={isIndeterminate}
      onChange={onChange}
    >
      <span className="box" aria-hidden="true">
        {isIndeterminate ? <Minus size={12} strokeWidth={3} /> : <Check size={12} strokeWidth={3} />}
      </span>
    </Checkbox>
  );
}

function ColumnMenu<Item>({
  columns,
  hidden,
  onChange,
}: {
  columns: readonly Column<Item>[];
  hidden: Record<string, boolean>;
  onChange(hidden: Record<string, boolean>): void;
}) {
  const t = useText(words);
  const [first] = columns;
  return (
    <MenuTrigger>
      <Button className="button quiet" aria-label={t("table.columns")}>
        <Columns3 size={15} aria-hidden="true" />
        <span className="not-narrow">{t("table.columns")}</span>
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={t("table.columns")}
          selectionMode="multiple"
          selectedKeys={columns.filter(({ id }) => hidden[id] !== false).map(({ id }) => id)}
          disabledKeys={first === undefined ? [] : [first.id]}
          onSelectionChange={(keys) =>
            onChange(
              Object.fromEntries(columns.map(({ id }) => [id, keys === "all" || keys.has(id) || id === first?.id])),
            )
          }
        >
          {columns.map(({ id, header }) => (
            <MenuItem key={id} id={id} className="menu-item">
              {header}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Which columns are shown, as this browser had them last. */
function useHidden<Item>(id: string, columns: readonly Column<Item>[]) {
  const key = `tenrec.columns.${id}`;
  const [chosen, setChosen] = useState<Record<string, boolean>>(() => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "{}");
    } catch {
      return {};
    }
  });
  const hidden = useMemo(
    () => Object.fromEntries(columns.map((column) => [column.id, chosen[column.id] ?? column.hidden !== true])),
    [columns, chosen],
  );
  const change = (next: Record<string, boolean>) => {
    localStorage.setItem(key, JSON.stringify(next));
    setChosen(next);
  };
  return [hidden, change] as const;
}

/** "/" leads to the filter. */
function useSlash(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || event.ctrlKey || event.metaKey || /INPUT|TEXTAREA|SELECT/.test(target.tagName)) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [input]);
}
