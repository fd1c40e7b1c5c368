import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useMemo, useState } from "react";
import { Button, ListBox, ListBoxItem } from "react-aria-components";
import { useLocation, useSearchParams } from "wouter";
import { send } from "../../api/call.ts";
import { type Flavor, flavors, keypairs, serverGroups } from "../../api/compute.ts";
import { networks, securityGroups, subnets } from "../../api/network.ts";
import { useAnswer, useList } from "../../api/resource.ts";
import { type Image, images, volumes } from "../../api/storage.ts";
import { href } from "../../app/panel.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Equals } from "../../parts/equals.tsx";
import { type Field, Fields, list, problemsOf, text as textOf, type Values } from "../../parts/form.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Card, Facts, PageHead } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { memoryText, sizeText } from "../../parts/size.ts";
import { note } from "../../parts/toast.tsx";
import { launchOperation, metadataOf } from "./launch-operation.ts";
import { text } from "./text.ts";

const NO_KEY = "-";

/** Every choice on one page, each with what it means; what comes of them stands beside. */
export default function Launch() {
  const t = useText(text);
  const c = useText(words);
  const { services } = useSession();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [params] = useSearchParams();
  const [values, setValues] = useState<Values>(() => ({
    count: 1,
    kind: "image",
    delete: false,
    // Who comes from a network means that one.
    networks: params.getAll("network"),
  }));
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const set = (name: string, value: unknown) => setValues((old) => ({ ...old, [name]: value }));

  const imageList = useList(images);
  const flavorList = useList(flavors);
  const keyList = useList(keypairs);
  const usable = useMemo(
    () => (imageList.data ?? []).filter(({ status, os_hidden }) => status === "active" && !os_hidden),
    [imageList.data],
  );
  const sizes = useMemo(
    () => [...(flavorList.data ?? [])].sort((a, b) => a.ram - b.ram || a.vcpus - b.vcpus || a.disk - b.disk),
    [flavorList.data],
  );
  const image = usable.find(({ id }) => id === textOf(values, "image"));
  const chosen = useDefaults(values, usable, sizes);
  const flavor = sizes.find(({ id }) => id === textOf(chosen, "flavor"));
  const operation = launchOperation(chosen);
  const details = useDetailFields();
  const source = useSourceFields(services.has("block-storage"));
  const config = useConfigFields();
  const problems = problemsOf([...details, ...source, ...config], chosen, c("required"));
  if (textOf(chosen, "flavor") === "") problems.flavor = c("required");
  if (textOf(chosen, "kind") !== "volume" && textOf(chosen, "image") === "") problems.image = c("required");

  async function submit(event: FormEvent) {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problems).length > 0 || busy) return;
    setBusy(true);
    setError(null);
    try {
      for (const call of operation.calls) await send(call);
      void client.invalidateQueries({ queryKey: ["compute.server"] });
      note({ tone: "good", title: t("launch.done", { name: textOf(chosen, "name") }) });
      navigate(href("/instances"));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }
  const fields = (of: readonly Field[]) => (
    <Fields fields={of} values={chosen} problems={shown ? problems : {}} onChange={set} />
  );
  const wrong = (name: string) =>
    shown && problems[name] !== undefined ? <p className="field-error">{problems[name]}</p> : null;

  return (
    <form onSubmit={submit} noValidate>
      <PageHead title={t("launch.title")} back={{ to: href("/instances"), label: t("title") }} />
      <div className="wizard">
        <div className="wizard-steps">
          <Step title={t("details.title")} why={t("details.why")}>
            {fields(details)}
          </Step>
          <Step title={t("source.title")} why={t("source.why")}>
            {fields(source)}
            {textOf(chosen, "kind") !== "volume" && (
              <>
                <Picks
                  label={t("source.image")}
                  empty={t("source.none")}
                  chosen={textOf(chosen, "image")}
                  onChoose={(id) => set("image", id)}
                  options={usable.map((one) => ({ id: one.id, label: one.name ?? one.id, hint: imageHint(one) }))}
                />
                {wrong("image")}
              </>
            )}
          </Step>
          <Step title={t("flavor.title")} why={t("flavor.why")}>
            <Picks
              label={t("flavor.title")}
              empty={c("none")}
              chosen={textOf(chosen, "flavor")}
              onChoose={(id) => set("flavor", id)}
              options={sizes.map((one) => ({
                id: one.id,
                label: one.name,
                hint: isTooSmall(one, image, textOf(chosen, "kind")) ? t("flavor.small") : flavorHint(one),
                disabled: isTooSmall(one, image, textOf(chosen, "kind")),
              }))}
            />
            {wrong("flavor")}
          </Step>
          {services.has("network") && <NetworkSteps values={chosen} set={set} />}
          <Step title={t("key.title")} why={t("key.why")}>
            <Picks
              label={t("key.title")}
              empty={t("key.create")}
              chosen={textOf(chosen, "key")}
              onChoose={(id) => set("key", id === NO_KEY ? "" : id)}
              options={(keyList.data ?? []).map(({ keypair }) => ({
                id: keypair.name,
                label: keypair.name,
                hint: keypair.type,
              }))}
            />
          </Step>
          <Step title={t("config.title")} why={t("config.why")}>
            {fields(config)}
          </Step>
        </div>
        <div className="wizard-side">
          <Card title={t("launch.summary")}>
            <Facts
              facts={[
                [c("name"), textOf(chosen, "name")],
                [
                  t("source.title"),
                  textOf(chosen, "kind") === "volume"
                    ? t("source.volume")
                    : (image?.name ?? usable.find(({ id }) => id === textOf(chosen, "image"))?.name),
                ],
                [t("flavor.title"), flavor === undefined ? null : flavorHint(flavor)],
              ]}
            />
          </Card>
          <QuotaAfter flavor={flavor} count={typeof values.count === "number" ? values.count : 1} />
          {error !== null && <Problem error={error} title={c("error.title", { what: t("launch.failed") })} />}
          <Button type="submit" className="button primary wide" isDisabled={busy}>
            {busy ? t("launch.busy") : t("launch.button")}
          </Button>
          <Equals operation={operation} isOpen />
        </div>
      </div>
    </form>
  );
}

/** Where there is one sensible choice it is made. */
function useDefaults(values: Values, usable: readonly Image[], sizes: readonly Flavor[]): Values {
  const [only] = usable;
  const image = textOf(values, "image") || (usable.length === 1 && only !== undefined ? only.id : "");
  const chosen = usable.find(({ id }) => id === image);
  const kind = textOf(values, "kind");
  const smallest = sizes.find(
    (flavor) => chosen !== undefined && !isTooSmall(flavor, chosen, kind) && flavor.ram >= 256,
  );
  return useMemo(
    () => ({ ...values, image, flavor: textOf(values, "flavor") || (smallest?.id ?? "") }),
    [values, image, smallest],
  );
}

const isTooSmall = (flavor: Flavor, image: Image | undefined, kind: string): boolean =>
  image !== undefined &&
  kind !== "volume" &&
  (flavor.ram < image.min_ram ||
    // A flavor without a disk takes the image's own size.
    (kind === "image" &&
      flavor.disk > 0 &&
      (flavor.disk < image.min_disk || flavor.disk * 1024 ** 3 < (image.virtual_size ?? 0))));

const flavorHint = ({ vcpus, ram, disk }: Flavor): string => `${vcpus} vCPU · ${memoryText(ram)} · ${disk} GiB`;
const imageHint = ({ size, disk_format, visibility }: Image): string =>
  [size === null ? "" : sizeText(size), disk_format ?? "", visibility].filter((word) => word !== "").join(" · ");

function useDetailFields(): readonly Field[] {
  const t = useText(text);
  const c = useText(words);
  return useMemo(
    () => [
      { kind: "text", name: "name", label: c("name"), required: true, placeholder: "web-1" },
      { kind: "number", name: "count", label: t("details.count"), min: 1, max: 100, required: true },
    ],
    [t, c],
  );
}

function useSourceFields(hasVolumes: boolean): readonly Field[] {
  const t = useText(text);
  return useMemo(() => {
    if (!hasVolumes) return [];
    return [
      {
        kind: "select",
        name: "kind",
        label: t("source.kind"),
        required: true,
        options: [
          { id: "image", label: t("source.image") },
          { id: "image-volume", label: t("source.image-volume") },
          { id: "volume", label: t("source.volume") },
        ],
      },
      {
        kind: "number",
        name: "size",
        label: t("source.size"),
        unit: "GiB",
        min: 1,
        required: true,
        visible: (values) => values.kind === "image-volume",
      },
      {
        kind: "select",
        name: "volume",
        label: t("source.volume"),
        required: true,
        visible: (values) => values.kind === "volume",
        useOptions() {
          const { data, isPending } = useList(volumes);
          const free = (data ?? []).filter(({ status, bootable }) => status === "available" && bootable === "true");
          return {
            isPending,
            options: free.map(({ id, name, size }) => ({ id, label: name || id, hint: `${size} GiB` })),
          };
        },
      },
      { kind: "switch", name: "delete", label: t("source.delete"), visible: (values) => values.kind !== "image" },
    ];
  }, [t, hasVolumes]);
}

function useConfigFields(): readonly Field[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        kind: "area",
        name: "userdata",
        label: t("config.userdata"),
        mono: true,
        rows: 5,
        placeholder: "#cloud-config\npackages: [nginx]",
      },
      { kind: "text", name: "description", label: t("config.description") },
      {
        kind: "area",
        name: "metadata",
        label: t("config.metadata"),
        hint: t("config.metadata.hint"),
        mono: true,
        rows: 2,
        check: (value) => (metadataOf(String(value)) === null ? t("config.metadata.wrong") : null),
      },
      {
        kind: "select",
        name: "zone",
        label: t("config.zone"),
        useOptions() {
          const { data, isPending } = useAnswer<{ availabilityZoneInfo: { zoneName: string }[] }>("compute.service", {
            service: "compute",
            path: "/v2.1/os-availability-zone",
          });
          return {
            isPending,
            options: (data?.availabilityZoneInfo ?? []).map(({ zoneName }) => ({ id: zoneName, label: zoneName })),
          };
        },
      },
      {
        kind: "select",
        name: "group",
        label: t("config.group"),
        useOptions() {
          const { data, isPending } = useList(serverGroups);
          return {
            isPending,
            options: (data ?? []).map(({ id, name, policy }) => ({ id, label: name, hint: policy })),
          };
        },
      },
      { kind: "switch", name: "drive", label: t("config.drive"), hint: t("config.drive.hint") },
    ],
    [t],
  );
}

function NetworkSteps({ values, set }: { values: Values; set(name: string, value: unknown): void }) {
  const t = useText(text);
  const { data: all } = useList(networks);
  const { data: known } = useList(subnets);
  const { data: groups } = useList(securityGroups);
  const inner = (all ?? []).filter((one) => !one["router:external"] && one.subnets.length > 0);
  const cidrs = (ids: readonly string[]) =>
    ids
      .map((id) => known?.find((one) => one.id === id)?.cidr)
      .filter((cidr) => cidr !== undefined)
      .join(", ");
  return (
    <>
      <Step title={t("network.title")} why={t("network.why")}>
        <Picks
          label={t("network.title")}
          empty={t("network.none")}
          several
          chosen={list(values, "networks")}
          onChoose={(ids) => set("networks", ids)}
          options={inner.map((one) => ({
            id: one.id,
            label: one.name || one.id,
            hint: `${cidrs(one.subnets)}${one.shared ? ` · ${t("network.auto")}` : ""}`,
          }))}
        />
      </Step>
      <Step title={t("groups.title")} why={t("groups.why")}>
        <Picks
          label={t("groups.title")}
          empty="default"
          several
          chosen={list(values, "groups")}
          onChoose={(ids) => set("groups", ids)}
          options={(groups ?? []).map(({ id, name, description }) => ({ id, label: name, hint: description }))}
        />
      </Step>
    </>
  );
}

interface Pick {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly disabled?: boolean;
}

type PicksProps = { label: string; empty: string; options: readonly Pick[] } & (
  | { several?: false; chosen: string; onChoose(id: string): void }
  | { several: true; chosen: readonly string[]; onChoose(ids: readonly string[]): void }
);

/** Choices that are all seen at once. */
function Picks(props: PicksProps) {
  const { label, empty, options } = props;
  return (
    <ListBox
      aria-label={label}
      className="picks"
      layout="grid"
      selectionMode={props.several === true ? "multiple" : "single"}
      selectionBehavior="toggle"
      selectedKeys={props.several === true ? [...props.chosen] : props.chosen === "" ? [] : [props.chosen]}
      disabledKeys={options.filter(({ disabled }) => disabled === true).map(({ id }) => id)}
      onSelectionChange={(keys) => {
        const ids = keys === "all" ? options.map(({ id }) => id) : [...keys].map(String);
        if (props.several === true) props.onChoose(ids);
        else props.onChoose(ids[0] ?? "");
      }}
      renderEmptyState={() => <p className="dim">{empty}</p>}
    >
      {options.map((option) => (
        <ListBoxItem key={option.id} id={option.id} textValue={option.label} className="pick">
          <strong>{option.label}</strong> <span className="dim">{option.hint}</span>
        </ListBoxItem>
      ))}
    </ListBox>
  );
}

function Step({ title, why, children }: { title: string; why: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="wizard-step" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p className="why">{why}</p>
      {children}
    </section>
  );
}

function QuotaAfter({ flavor, count }: { flavor: Flavor | undefined; count: number }) {
  const t = useText(text);
  const { data } = useAnswer<{ limits: { absolute: Record<string, number> } }>("compute.usage", {
    service: "compute",
    path: "/v2.1/limits",
  });
  const of = data?.limits.absolute;
  if (of === undefined) return null;
  const meter = (label: string, used: number | undefined, limit: number | undefined, more: number, unit?: string) =>
    used === undefined || limit === undefined ? null : (
      <Meter label={label} used={used} limit={limit} more={more} {...(unit === undefined ? {} : { unit })} />
    );
  return (
    <Card title={t("launch.after")}>
      <div className="fields">
        {meter(t("title"), of.totalInstancesUsed, of.maxTotalInstances, count)}
        {meter("vCPUs", of.totalCoresUsed, of.maxTotalCores, (flavor?.vcpus ?? 0) * count)}
        {meter("RAM", of.totalRAMUsed, of.maxTotalRAMSize, (flavor?.ram ?? 0) * count, "MiB")}
      </div>
    </Card>
  );
}
