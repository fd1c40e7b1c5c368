import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { Button } from "react-aria-components";
import { operation } from "../../api/call.ts";
import { compute, type Server, type ServerAction, servers } from "../../api/compute.ts";
import { networks, type Port, ports, securityGroups } from "../../api/network.ts";
import { useAnswer, useList } from "../../api/resource.ts";
import { images, type Volume, volumes } from "../../api/storage.ts";
import { href } from "../../app/panel.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionMenu, useRunner } from "../../parts/action.tsx";
import { Code } from "../../parts/copy.tsx";
import { Snippet } from "../../parts/equals.tsx";
import { explain } from "../../parts/explain.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, Facts, PageTabs } from "../../parts/page.tsx";
import { PlainTable } from "../../parts/plain-table.tsx";
import { memoryText } from "../../parts/size.ts";
import { StatusBadge } from "../../parts/status.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { Ago } from "../../parts/time.tsx";
import { useServerActions } from "./actions.ts";
import { Console } from "./console.tsx";
import { Log } from "./log.tsx";
import { text } from "./text.ts";

const nameOf = ({ name }: Server) => name;

/** Everything about one server. */
export default function Instance() {
  const t = useText(text);
  const c = useText(words);
  const { services } = useSession();
  return (
    <ThingPage
      resource={servers}
      one={t("one")}
      back={{ to: href("/instances"), label: t("title") }}
      nameOf={nameOf}
      actions={useServerActions()}
      subtitle={({ status, "OS-EXT-STS:task_state": task }) => <StatusBadge status={status} doing={task} />}
    >
      {(server) => (
        <PageTabs
          label={server.name}
          tabs={[
            { id: "overview", label: c("tab.overview"), content: () => <About server={server} /> },
            { id: "console", label: t("tab.console"), content: () => <Console server={server} /> },
            { id: "log", label: t("tab.log"), content: () => <Log server={server} /> },
            { id: "actions", label: t("tab.actions"), content: () => <Actions server={server} /> },
            ...(services.has("network")
              ? [{ id: "interfaces", label: t("tab.interfaces"), content: () => <Interfaces server={server} /> }]
              : []),
            ...(services.has("block-storage")
              ? [{ id: "volumes", label: t("tab.volumes"), content: () => <Volumes server={server} /> }]
              : []),
          ]}
        />
      )}
    </ThingPage>
  );
}

function About({ server }: { server: Server }) {
  const t = useText(text);
  const c = useText(words);
  const { data: known } = useList(images);
  const { image, flavor, fault } = server;
  const floating = Object.values(server.addresses).flatMap((list) =>
    list.filter((one) => one["OS-EXT-IPS:type"] === "floating"),
  );
  const [reachable] = floating;
  const metadata = Object.entries(server.metadata);
  return (
    <div className="stack">
      {fault !== undefined && (
        <section className="problem" role="alert">
          <div>
            <h3>{t("fault")}</h3>
            <p className="problem-said">{fault.message}</p>
            <p className="dim">
              {fault.code} · <Ago at={fault.created} />
            </p>
          </div>
        </section>
      )}
      <div className="cards">
        <Card title={t("about")}>
          <Facts
            facts={[
              [c("description"), server.description],
              [
                t("image"),
                image === "" ? t("image.volume") : (known?.find(({ id }) => id === image.id)?.name ?? t("image.gone")),
              ],
              [
                t("launched"),
                server["OS-SRV-USG:launched_at"] === null ? null : (
                  <Ago key="at" at={server["OS-SRV-USG:launched_at"]} />
                ),
              ],
              [c("created"), <Ago key="at" at={server.created} />],
              [c("updated"), <Ago key="at" at={server.updated} />],
              [t("zone"), server["OS-EXT-AZ:availability_zone"]],
              server["OS-EXT-SRV-ATTR:host"] == null ? null : [t("host"), server["OS-EXT-SRV-ATTR:host"]],
              server.locked ? [t("lock"), server.locked_reason ?? c("yes")] : null,
            ]}
          />
        </Card>
        <Card title={t("size")}>
          <Facts
            facts={[
              [t("flavor"), flavor.original_name],
              ["vCPUs", flavor.vcpus],
              ["RAM", memoryText(flavor.ram)],
              ["Disk", c("unit.gib", { count: flavor.disk })],
              ...Object.entries(flavor.extra_specs ?? {}).map(([key, value]) => [key, value] as const),
            ]}
          />
        </Card>
        <Card title={t("access")}>
          <Facts
            facts={[
              ...Object.entries(server.addresses).map(
                ([network, list]) =>
                  [
                    network,
                    <ul key={network}>
                      {list.map(({ addr }) => (
                        <li key={addr}>
                          <Code>{addr}</Code>
                        </li>
                      ))}
                    </ul>,
                  ] as const,
              ),
              [t("key"), server.key_name],
              [t("groups.title"), [...new Set((server.security_groups ?? []).map(({ name }) => name))].join(", ")],
            ]}
          />
          <h3 className="subhead">{t("ssh")}</h3>
          {reachable === undefined ? (
            <p className="dim">{t("ssh.none")}</p>
          ) : (
            <>
              <Snippet text={`ssh -i ${server.key_name ?? "KEY"}.pem debian@${reachable.addr}`} />
              <p className="dim">{t("ssh.hint")}</p>
            </>
          )}
        </Card>
        <Card title={t("metadata")}>
          {metadata.length === 0 ? <p className="dim">{t("metadata.none")}</p> : <Facts facts={metadata} />}
        </Card>
      </div>
    </div>
  );
}

function Actions({ server }: { server: Server }) {
  const t = useText(text);
  const c = useText(words);
  const query = useAnswer<{ instanceActions: ServerAction[] }>(
    "compute.action",
    compute("GET", `/servers/${server.id}/os-instance-actions`),
  );
  return (
    <Loaded query={query} what={t("tab.actions")}>
      {({ instanceActions }) => (
        <Card title={t("tab.actions")}>
          <PlainTable
            items={instanceActions}
            idOf={({ request_id, action }) => `${request_id} ${action}`}
            empty={t("actions.none")}
            columns={[
              {
                header: t("actions.what"),
                cell: ({ action, message }) => (
                  <>
                    {action}
                    {message !== null && <span className="status bad"> · {t("actions.failed")}</span>}
                  </>
                ),
              },
              { header: t("actions.when"), cell: ({ start_time }) => <Ago at={start_time} /> },
              { header: c("error.request"), cell: ({ request_id }) => <code className="dim">{request_id}</code> },
              {
                header: t("actions.explain"),
                cell: ({ request_id, action }) => (
                  <Button
                    className="button small"
                    onPress={() => explain(request_id)}
                    aria-label={`${t("actions.explain")}: ${action}`}
                  >
                    {t("actions.explain")}
                  </Button>
                ),
              },
            ]}
          />
        </Card>
      )}
    </Loaded>
  );
}

function Interfaces({ server }: { server: Server }) {
  const t = useText(text);
  const c = useText(words);
  const query = useList(ports, { device_id: server.id });
  const { data: known } = useList(networks);
  const { data: groups } = useList(securityGroups);
  const portName = ({ fixed_ips, id }: Port) => fixed_ips[0]?.ip_address ?? id;
  const runner = useRunner(portName);
  const actions = useMemo<Action<Port>[]>(
    () => [
      {
        id: "detach",
        label: t("interface.detach"),
        tone: "danger",
        question: () => t("interface.detach.question"),
        operation: (port) =>
          operation(
            ["openstack", "server", "remove", "port", server.id, port.id],
            compute("DELETE", `/servers/${server.id}/os-interface/${port.id}`),
          ),
        done: t("interface.detach.done"),
        kinds: ["compute.server", "network.port"],
      },
    ],
    [t, server.id],
  );
  return (
    <Loaded query={query} what={t("tab.interfaces")}>
      {(found) => (
        <>
          {found.length === 0 && <p className="dim">{t("interfaces.none")}</p>}
          <div className="cards">
            {found.map((port) => (
              <Card
                key={port.id}
                title={known?.find(({ id }) => id === port.network_id)?.name ?? port.network_id}
                aside={<ActionMenu actions={actions} item={port} name={portName(port)} runner={runner} />}
              >
                <Facts
                  facts={[
                    [c("status"), <StatusBadge key="status" status={port.status} />],
                    [
                      t("addresses"),
                      port.fixed_ips.map(({ ip_address: address }) => <Code key={address}>{address}</Code>),
                    ],
                    [t("interfaces.mac"), <code key="mac">{port.mac_address}</code>],
                    [
                      t("groups.title"),
                      port.security_groups.map((id) => groups?.find((one) => one.id === id)?.name ?? id).join(", "),
                    ],
                    [t("interfaces.port"), <Code key="id">{port.id}</Code>],
                  ]}
                />
              </Card>
            ))}
          </div>
          {runner.dialog}
        </>
      )}
    </Loaded>
  );
}

interface Attachment {
  readonly id: string;
  readonly volumeId: string;
  readonly device: string;
}

function Volumes({ server }: { server: Server }) {
  const t = useText(text);
  const c = useText(words);
  const client = useQueryClient();
  const query = useAnswer<{ volumeAttachments: Attachment[] }>(
    "compute.server",
    compute("GET", `/servers/${server.id}/os-volume_attachments`),
  );
  const { data: known } = useList(volumes);
  const volumeOf = (attachment: Attachment): Volume | undefined => known?.find(({ id }) => id === attachment.volumeId);
  const attachmentName = (attachment: Attachment) => volumeOf(attachment)?.name || attachment.volumeId;
  const actions = useMemo<Action<Attachment>[]>(
    () => [
      {
        id: "detach",
        label: t("volume.detach"),
        tone: "danger",
        question: () => t("volume.detach.question"),
        operation: ({ volumeId }) =>
          operation(
            ["openstack", "server", "remove", "volume", server.id, volumeId],
            compute("DELETE", `/servers/${server.id}/os-volume_attachments/${volumeId}`),
          ),
        done: t("volume.detach.done"),
        kinds: ["block-storage.volume"],
      },
    ],
    [t, server.id],
  );
  return (
    <Loaded query={query} what={t("tab.volumes")}>
      {({ volumeAttachments }) => (
        <Card title={t("tab.volumes")}>
          <PlainTable
            items={volumeAttachments}
            idOf={({ volumeId }) => volumeId}
            nameOf={attachmentName}
            actions={actions}
            onDone={() => void client.invalidateQueries({ queryKey: ["compute.server", "answer"] })}
            empty={t("volumes.none")}
            columns={[
              { header: t("volumes.volume"), cell: attachmentName },
              { header: t("volumes.device"), cell: ({ device }) => <code>{device}</code> },
              {
                header: c("status"),
                cell: (attachment) => <StatusBadge status={volumeOf(attachment)?.status ?? "unknown"} />,
              },
            ]}
          />
        </Card>
      )}
    </Loaded>
  );
}
