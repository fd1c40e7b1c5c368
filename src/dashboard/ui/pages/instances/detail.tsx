import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { Button } from "react-aria-components";
import { useLocation, useParams } from "wouter";
import { operation } from "../../api/call.ts";
import { compute, type Server, type ServerAction, servers } from "../../api/compute.ts";
import { networks, type Port, ports, securityGroups } from "../../api/network.ts";
import { useAnswer, useList, useOne } from "../../api/resource.ts";
import { images, type Volume, volumes } from "../../api/storage.ts";
import { href } from "../../app/panel.ts";
import { useSession } from "../../app/session.tsx";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionBar, ActionMenu, useRunner } from "../../parts/action.tsx";
import { Busy } from "../../parts/busy.tsx";
import { Code } from "../../parts/copy.tsx";
import { Snippet } from "../../parts/equals.tsx";
import { explain } from "../../parts/explain.tsx";
import { Card, Facts, PageHead, PageTabs } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { memoryText } from "../../parts/size.ts";
import { StatusBadge } from "../../parts/status.tsx";
import { Ago } from "../../parts/time.tsx";
import { useServerActions } from "./actions.ts";
import { Console } from "./console.tsx";
import { Log } from "./log.tsx";
import { text } from "./text.ts";

const nameOf = ({ name }: Server) => name;

/** Everything about one server. */
export default function Instance() {
  const { id = "" } = useParams<{ id: string }>();
  const t = useText(text);
  const c = useText(words);
  const [, navigate] = useLocation();
  const { services } = useSession();
  const { data: server, error, refetch } = useOne(servers, id);
  const actions = useServerActions();
  const runner = useRunner(nameOf, (action) => action.id === "delete" && navigate(href("/instances")));
  const back = { to: href("/instances"), label: t("title") };
  if (server === undefined)
    return (
      <>
        <PageHead title={t("one")} back={back} />
        {error === null ? <Busy what={t("one")} /> : <Problem error={error} retry={() => void refetch()} />}
      </>
    );
  return (
    <>
      <PageHead
        title={server.name}
        back={back}
        subtitle={
          <>
            <StatusBadge status={server.status} doing={server["OS-EXT-STS:task_state"]} />
            <Code>{server.id}</Code>
          </>
        }
      >
        <ActionBar actions={actions} item={server} name={server.name} runner={runner} />
      </PageHead>
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
      {runner.dialog}
    </>
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
  const { data, error, refetch } = useAnswer<{ instanceActions: ServerAction[] }>(
    "compute.action",
    compute("GET", `/servers/${server.id}/os-instance-actions`),
  );
  if (data === undefined)
    return error === null ? <Busy what={t("tab.actions")} /> : <Problem error={error} retry={() => void refetch()} />;
  if (data.instanceActions.length === 0) return <p className="dim">{t("actions.none")}</p>;
  return (
    <Card title={t("tab.actions")}>
      <div className="scrolls">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t("actions.what")}</th>
              <th scope="col">{t("actions.when")}</th>
              <th scope="col">{c("error.request")}</th>
              <th scope="col">
                <span className="hidden-visually">{c("actions")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.instanceActions.map((one) => (
              <tr key={`${one.request_id} ${one.action}`}>
                <td>
                  {one.action}
                  {one.message !== null && <span className="status bad"> · {t("actions.failed")}</span>}
                </td>
                <td>
                  <Ago at={one.start_time} />
                </td>
                <td>
                  <code className="dim">{one.request_id}</code>
                </td>
                <td>
                  <Button
                    className="button small"
                    onPress={() => explain(one.request_id)}
                    aria-label={`${t("actions.explain")}: ${one.action}`}
                  >
                    {t("actions.explain")}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Interfaces({ server }: { server: Server }) {
  const t = useText(text);
  const c = useText(words);
  const { data, error, refetch } = useList(ports, { device_id: server.id });
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
  if (data === undefined)
    return error === null ? (
      <Busy what={t("tab.interfaces")} />
    ) : (
      <Problem error={error} retry={() => void refetch()} />
    );
  if (data.length === 0) return <p className="dim">{t("interfaces.none")}</p>;
  return (
    <div className="cards">
      {data.map((port) => (
        <Card
          key={port.id}
          title={known?.find(({ id }) => id === port.network_id)?.name ?? port.network_id}
          aside={<ActionMenu actions={actions} item={port} name={portName(port)} runner={runner} />}
        >
          <Facts
            facts={[
              [c("status"), <StatusBadge key="status" status={port.status} />],
              [t("addresses"), port.fixed_ips.map(({ ip_address: address }) => <Code key={address}>{address}</Code>)],
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
      {runner.dialog}
    </div>
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
  const { data, error, refetch } = useAnswer<{ volumeAttachments: Attachment[] }>(
    "compute.server",
    compute("GET", `/servers/${server.id}/os-volume_attachments`),
  );
  const { data: known } = useList(volumes);
  const volumeOf = (attachment: Attachment): Volume | undefined => known?.find(({ id }) => id === attachment.volumeId);
  const attachmentName = (attachment: Attachment) => volumeOf(attachment)?.name || attachment.volumeId;
  const runner = useRunner(
    attachmentName,
    () => void client.invalidateQueries({ queryKey: ["compute.server", "answer"] }),
  );
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
  if (data === undefined)
    return error === null ? <Busy what={t("tab.volumes")} /> : <Problem error={error} retry={() => void refetch()} />;
  if (data.volumeAttachments.length === 0) return <p className="dim">{t("volumes.none")}</p>;
  return (
    <Card title={t("tab.volumes")}>
      <div className="scrolls">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t("volumes.volume")}</th>
              <th scope="col">{t("volumes.device")}</th>
              <th scope="col">{c("status")}</th>
              <th scope="col">
                <span className="hidden-visually">{c("actions")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.volumeAttachments.map((attachment) => (
              <tr key={attachment.volumeId}>
                <td>{attachmentName(attachment)}</td>
                <td>
                  <code>{attachment.device}</code>
                </td>
                <td>
                  <StatusBadge status={volumeOf(attachment)?.status ?? "unknown"} />
                </td>
                <td>
                  <ActionMenu actions={actions} item={attachment} name={attachmentName(attachment)} runner={runner} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {runner.dialog}
    </Card>
  );
}
