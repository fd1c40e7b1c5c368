import { FolderKanban } from "lucide-react";
import { useMemo } from "react";
import { type Project, projects } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { idColumn } from "../../parts/columns.tsx";
import { Link } from "../../parts/link.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useDomainNames } from "../domains/names.ts";
import { useProjectActions, useProjectCreation } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: Project): string => name;
const idOf = ({ id }: Project): string => id;

/** Who owns what there is in the cloud. */
export default function Projects() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(projects);
  const actions = useProjectActions();
  const create = useProjectCreation();
  const domainName = useDomainNames();
  const columns = useMemo<Column<Project>[]>(
    () => [
      {
        id: "name",
        header: w("name"),
        value: nameOf,
        cell: ({ id, name }) => <Link to={href("/projects/:id", { id })}>{name}</Link>,
        grow: 1.5,
      },
      { id: "description", header: w("description"), value: ({ description }) => description, grow: 2, priority: 1 },
      { id: "enabled", header: t("enabled"), value: ({ enabled }) => (enabled ? w("yes") : "—") },
      { id: "domain", header: t("domain"), value: ({ domain_id }) => domainName(domain_id), priority: 2 },
      idColumn(w, idOf),
    ],
    [t, w, domainName],
  );
  return (
    <ListPage
      id="projects"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: FolderKanban }}
    />
  );
}
