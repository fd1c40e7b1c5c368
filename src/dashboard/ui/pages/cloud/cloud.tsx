import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { useMemo, useState } from "react";
import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from "react-aria-components";
import { useSearchParams } from "wouter";
import { agents, computeServices, volumeServices } from "../../api/admin.ts";
import { servers } from "../../api/compute.ts";
import { projects, users } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { fetchUsage } from "../../api/usage.ts";
import type { ProjectUsage } from "../../api/used.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { BarChart } from "../../parts/chart.tsx";
import { saveText } from "../../parts/download.ts";
import { Figure, Figures } from "../../parts/figures.tsx";
import { type Field, Fields, problemsOf, type Values } from "../../parts/form.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, PageHead } from "../../parts/page.tsx";
import { costOf, csvOf, DAY_MS, type Prices, sumsOf, vcpuHoursByDay } from "./sums.ts";
import { UsageTable } from "./table.tsx";
import { text } from "./text.ts";

const PERIODS = [7, 30, 90] as const;
const MOST_SERIES = 5;

/** How the whole cloud does, and who uses how much of it. */
export default function Cloud() {
  const t = useText(text);
  const [prices, fields] = usePrices();
  return (
    <>
      <PageHead title={t("title")} />
      <div className="stack">
        <Card title={t("what")}>
          <Now />
        </Card>
        <Usage prices={prices} />
        <Card title={t("prices")}>
          <p className="dim usage-hint">{t("prices.hint")}</p>
          {fields}
        </Card>
      </div>
    </>
  );
}

function Now() {
  const t = useText(text);
  const { services } = useSession();
  const compute = useList(computeServices);
  const storage = useList(volumeServices, {}, services.has("block-storage"));
  const network = useList(agents, {}, services.has("network"));
  const down =
    compute.data === undefined
      ? undefined
      : [...compute.data, ...(storage.data ?? [])].filter(({ state }) => state !== "up").length +
        (network.data ?? []).filter(({ alive }) => !alive).length;
  return (
    <Figures>
      <Figure label={t("projects")} value={useList(projects).data?.length} />
      <Figure label={t("users")} value={useList(users).data?.length} />
      <Figure label={t("instances")} value={useList(servers, { all_tenants: "1" }).data?.length} />
      <Figure label={t("services")} value={down} />
    </Figures>
  );
}

function Usage({ prices }: { prices: Prices }) {
  const t = useText(text);
  const [params, setParams] = useSearchParams();
  const days = PERIODS.find((one) => String(one) === params.get("days")) ?? 30;
  // One answer for as long as the page is open, but for what events tell.
  const period = useMemo(() => {
    const now = Date.now();
    const end = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
    return { start: end - days * DAY_MS, end, days, now };
  }, [days]);
  const day = (time: number) => new Date(time).toISOString().slice(0, 19);
  const query = useQuery({
    queryKey: ["compute.usage", "projects", days],
    queryFn: ({ signal }) => fetchUsage({ start: day(period.start), end: day(period.end) }, signal),
  });
  const nameOf = useProjectNames();
  const used = (query.data ?? []).filter((one) => one.servers.length > 0);
  const save = () =>
    saveText(
      `usage-${day(period.start).slice(0, 10)}-${days}.csv`,
      csvOf([
        [t("project"), t("servers"), t("vcpu"), t("memory"), t("disk"), t("cost")],
        ...used.map((one) => {
          const sums = sumsOf(one.servers);
          return [nameOf(one.project), sums.servers, sums.vcpu, sums.memory, sums.disk, costOf(sums, prices)];
        }),
      ]),
    );
  return (
    <Card
      title={t("usage")}
      aside={
        <div className="row">
          <Select
            className="field inline"
            value={String(days)}
            onChange={(key) => setParams({ days: String(key) }, { replace: true })}
          >
            <Label className="hidden-visually">{t("days")}</Label>
            <Button className="input select-button">
              <SelectValue />
              <ChevronDown size={14} aria-hidden="true" />
            </Button>
            <Popover className="popover select-popover">
              <ListBox className="menu">
                {PERIODS.map((count) => (
                  <ListBoxItem key={count} id={String(count)} className="menu-item">
                    {t("days.count", { count })}
                  </ListBoxItem>
                ))}
              </ListBox>
            </Popover>
          </Select>
          <Button className="button small" onPress={save} isDisabled={used.length === 0}>
            {t("csv")}
          </Button>
        </div>
      }
    >
      <Loaded query={query} what={t("usage")}>
        {() =>
          used.length === 0 ? (
            <p className="dim">{t("none")}</p>
          ) : (
            <>
              <DailyChart used={used} nameOf={nameOf} period={period} />
              <UsageTable used={used} nameOf={nameOf} prices={prices} />
            </>
          )
        }
      </Loaded>
    </Card>
  );
}

interface ChartProps {
  used: readonly ProjectUsage[];
  nameOf(project: string): string;
  period: { start: number; days: number; now: number };
}

/** The projects that used most have colours of their own, all others one together. */
function DailyChart({ used, nameOf, period }: ChartProps) {
  const t = useText(text);
  const all = used
    .map((one) => ({ name: nameOf(one.project), values: vcpuHoursByDay(one, period) }))
    .sort((a, b) => b.values.reduce((x, y) => x + y, 0) - a.values.reduce((x, y) => x + y, 0));
  const rest = all.slice(MOST_SERIES);
  const others = {
    name: t("others"),
    values: Array.from({ length: period.days }, (_, day) => rest.reduce((sum, one) => sum + (one.values[day] ?? 0), 0)),
  };
  const names = Array.from({ length: period.days }, (_, day) =>
    new Date(period.start + day * DAY_MS).toISOString().slice(5, 10),
  );
  const series = rest.length === 0 ? all : [...all.slice(0, MOST_SERIES), others];
  return <BarChart label={t("chart")} names={names} series={series} unit={t("chart.unit")} />;
}

function useProjectNames(): (id: string) => string {
  const t = useText(text);
  const { data } = useList(projects);
  return useMemo(() => {
    const names = new Map((data ?? []).map(({ id, name }) => [id, name]));
    return (id) => names.get(id) ?? `${t("gone")} ${id.slice(0, 8)}`;
  }, [t, data]);
}

const STORED = "tenrec.prices";
const PRICES = ["vcpu", "memory", "disk"] as const;

const storedPrices = (): Values => {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "{}") as Values;
  } catch {
    return {};
  }
};

/** What an hour of each costs, as this browser had it last, and the fields to say so. */
function usePrices() {
  const t = useText(text);
  const [values, setValues] = useState<Values>(() => ({ vcpu: 0, memory: 0, disk: 0, ...storedPrices() }));
  const fields: readonly Field[] = PRICES.map((name) => ({
    kind: "number",
    name,
    label: t(`price.${name}`),
    min: 0,
    check: (value: unknown) => (typeof value === "number" && value >= 0 ? null : t("price.wrong")),
  }));
  const price = (name: string): number => {
    const value = values[name];
    return typeof value === "number" && value >= 0 ? value : 0;
  };
  const prices: Prices = { vcpu: price("vcpu"), memory: price("memory"), disk: price("disk") };
  const shown = (
    <div className="fields in-row">
      <Fields
        fields={fields}
        values={values}
        problems={problemsOf(fields, values, "")}
        onChange={(name, value) => {
          const next = { ...values, [name]: value };
          localStorage.setItem(STORED, JSON.stringify(next));
          setValues(next);
        }}
      />
    </div>
  );
  return [prices, shown] as const;
}
