import { UserMinus } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { compute, type Flavor, flavors } from "../../api/compute.ts";
import { projects } from "../../api/identity.ts";
import { useAnswer, useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, Facts } from "../../parts/page.tsx";
import { PlainTable } from "../../parts/plain-table.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { useFlavorActions } from "./actions.ts";
import { text } from "./text.ts";

/** One size of instances: what it asks of hosts, and who may use it. */
export default function FlavorPage() {
  const t = useText(text);
  const w = useText(words);
  return (
    <ThingPage
      resource={flavors}
      one={t("one")}
      back={{ to: href("/flavors"), label: t("title") }}
      nameOf={({ name }) => name}
      actions={useFlavorActions()}
    >
      {(flavor) => (
        <div className="stack">
          <Card title={t("about")}>
            <Facts
              facts={[
                [t("vcpus"), flavor.vcpus],
                [t("ram"), flavor.ram.toLocaleString()],
                [t("disk"), flavor.disk],
                [t("ephemeral"), flavor["OS-FLV-EXT-DATA:ephemeral"]],
                [t("swap"), flavor.swap === "" ? 0 : flavor.swap],
                [w("description"), flavor.description],
              ]}
            />
          </Card>
          <Card title={t("specs")}>
            <PlainTable
              items={Object.entries(flavor.extra_specs ?? {})}
              idOf={([key]) => key}
              empty={t("none")}
              columns={[
                { header: w("key"), cell: ([key]) => <code>{key}</code> },
                { header: t("value"), cell: ([, value]) => <code>{value}</code> },
              ]}
            />
          </Card>
          {flavor["os-flavor-access:is_public"] ? (
            <Card title={t("access")}>
              <p className="dim">{t("access.all")}</p>
            </Card>
          ) : (
            <Access flavor={flavor} />
          )}
        </div>
      )}
    </ThingPage>
  );
}

interface Allowed {
  readonly tenant_id: string;
}

const KINDS = ["compute.flavor"];

const useProjectOptions = () => {
  const { data, isPending } = useList(projects);
  return { options: (data ?? []).map(({ id, name }) => ({ id, label: name })), isPending };
};

function Access({ flavor }: { flavor: Flavor }) {
  const t = useText(text);
  const path = `/flavors/${encodeURIComponent(flavor.id)}`;
  const query = useAnswer<{ flavor_access: Allowed[] }>("compute.flavor", compute("GET", `${path}/os-flavor-access`));
  const { data: known } = useList(projects);
  const nameOf = ({ tenant_id }: Allowed) => known?.find(({ id }) => id === tenant_id)?.name ?? tenant_id;
  const change = useMemo(() => {
    const give = (project: string) =>
      operation(
        ["openstack", "flavor", "set", "--project", project || "PROJECT", flavor.id],
        compute("POST", `${path}/action`, { addTenantAccess: { tenant: project } }),
      );
    const take = (project: string) =>
      operation(
        ["openstack", "flavor", "unset", "--project", project, flavor.id],
        compute("POST", `${path}/action`, { removeTenantAccess: { tenant: project } }),
      );
    return { give, take };
  }, [path, flavor.id]);
  const add: Action<null> = {
    id: "add",
    label: t("access.add"),
    fields: () => [
      { kind: "select", name: "project", label: t("project"), required: true, useOptions: useProjectOptions },
    ],
    operation: (_none, values) => change.give(textOf(values, "project")),
    done: t("access.added"),
    kinds: KINDS,
  };
  const actions: Action<Allowed>[] = [
    {
      id: "remove",
      label: t("access.remove"),
      icon: UserMinus,
      tone: "danger",
      question: () => t("access.question"),
      operation: ({ tenant_id }) => change.take(tenant_id),
      undo: ({ tenant_id }) => change.give(tenant_id),
      done: t("access.removed"),
      kinds: KINDS,
    },
  ];
  return (
    <Card title={t("access")} aside={<ActionButton action={add} primary={false} />}>
      <Loaded query={query} what={t("access")}>
        {({ flavor_access: allowed }) => (
          <PlainTable
            items={allowed}
            idOf={({ tenant_id }) => tenant_id}
            nameOf={nameOf}
            actions={actions}
            empty={t("access.none")}
            columns={[{ header: t("project"), cell: nameOf }]}
          />
        )}
      </Loaded>
    </Card>
  );
}
