import { LayoutGrid } from "lucide-react";
import { useMemo } from "react";
import { projects } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { Link } from "../../parts/link.tsx";
import type { Column } from "../../parts/table.tsx";
import { text } from "./text.ts";

/** Whose a thing is: the project's name, which leads to its page. */
export function useProjectColumn<Item>(projectOf: (item: Item) => string | null | undefined): Column<Item> {
  const t = useText(text);
  const { data } = useList(projects);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `projectOf` reads a member and nothing else
  return useMemo(() => {
    const names = new Map((data ?? []).map(({ id, name }) => [id, name]));
    const nameOf = (item: Item) => {
      const id = projectOf(item) ?? "";
      return names.get(id) ?? id;
    };
    return {
      id: "project",
      header: t("project"),
      value: nameOf,
      cell: (item) => {
        const id = projectOf(item) ?? "";
        return names.has(id) ? <Link to={href("/projects/:id", { id })}>{nameOf(item)}</Link> : nameOf(item) || "—";
      },
      grow: 1.5,
    };
  }, [t, data]);
}

export function useNothing(): { readonly title: string; readonly hint: string; readonly icon: typeof LayoutGrid } {
  const t = useText(text);
  return { title: t("empty.title"), hint: t("empty.hint"), icon: LayoutGrid };
}

export const idOf = ({ id }: { readonly id: string }): string => id;
export const nameOf = ({ name, id }: { readonly name: string | null; readonly id: string }): string => name || id;
