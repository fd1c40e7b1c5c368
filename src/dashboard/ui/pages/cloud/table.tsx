import type { ProjectUsage } from "../../api/used.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { Link } from "../../parts/link.tsx";
import { type PlainColumn, PlainTable } from "../../parts/plain-table.tsx";
import { costOf, type Prices, type Sums, sumsOf } from "./sums.ts";
import { text } from "./text.ts";

interface Row {
  /** Null: of all. */
  readonly project: string | null;
  readonly sums: Sums;
}

interface Props {
  used: readonly ProjectUsage[];
  nameOf(project: string): string;
  prices: Prices;
}

/** Sums of each project, the largest first, and of all. */
export function UsageTable({ used, nameOf, prices }: Props) {
  const t = useText(text);
  const rows: Row[] = used
    .map(({ project, servers }) => ({ project, sums: sumsOf(servers) }))
    .sort((a, b) => b.sums.vcpu - a.sums.vcpu);
  if (rows.length > 1) rows.push({ project: null, sums: sumsOf(used.flatMap(({ servers }) => servers)) });
  const number = (value: number, digits = 1) => value.toLocaleString(undefined, { maximumFractionDigits: digits });
  const hasPrices = Object.values(prices).some((price) => price > 0);
  const columns: PlainColumn<Row>[] = [
    {
      header: t("project"),
      cell: ({ project }) =>
        project === null ? (
          <strong>{t("total")}</strong>
        ) : (
          <Link to={href("/projects/:id", { id: project })}>{nameOf(project)}</Link>
        ),
    },
    { header: t("servers"), numeric: true, cell: ({ sums }) => number(sums.servers) },
    { header: t("vcpu"), numeric: true, cell: ({ sums }) => number(sums.vcpu) },
    { header: t("memory"), numeric: true, cell: ({ sums }) => number(sums.memory) },
    { header: t("disk"), numeric: true, cell: ({ sums }) => number(sums.disk) },
    ...(hasPrices
      ? [{ header: t("cost"), numeric: true, cell: ({ sums }: Row) => number(costOf(sums, prices), 2) }]
      : []),
  ];
  return <PlainTable items={rows} idOf={({ project }) => project ?? ""} empty={t("none")} columns={columns} />;
}
