import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "react-aria-components";
import type { Server } from "../../api/compute.ts";
import type { Network, Port, Router } from "../../api/network.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionBar, useRunner } from "../../parts/action.tsx";
import { Code } from "../../parts/copy.tsx";
import { Link } from "../../parts/link.tsx";
import { Card, Facts } from "../../parts/page.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { useServerActions } from "../instances/actions.ts";
import { useNetworkActions, usePortActions } from "../networks/actions.ts";
import { useRouterActions } from "../routers/actions.ts";
import type { Thing } from "./model.ts";
import { text } from "./text.ts";

/** Its name, which leads to its page where it has one. */
export function placeOf(thing: Thing, name: string): ReactNode {
  const to = addressOf(thing);
  return to === null ? name : <Link to={to}>{name}</Link>;
}

function addressOf(thing: Thing): string | null {
  switch (thing.kind) {
    case "network":
      return href("/networks/:id", { id: thing.id });
    case "router":
      return href("/routers/:id", { id: thing.id });
    case "server":
      return href("/instances/:id", { id: thing.id });
    case "servers":
      return href("/instances");
    case "port":
      return href("/networks/:id", { id: thing.port.network_id });
  }
}

/** What was clicked, and what can be done with it. */
export function Chosen(props: { thing: Thing; kind: string; name: string; close(): void }) {
  const { thing, kind, name, close } = props;
  const t = useText(text);
  const end = useRef<HTMLParagraphElement>(null);
  // On a phone it stands below the picture.
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <Card
      title={`${kind} · ${name}`}
      aside={
        <Button className="button quiet icon" aria-label={t("close")} onPress={close}>
          <X size={14} aria-hidden="true" />
        </Button>
      }
    >
      <div className="stack">
        <About thing={thing} />
        <p ref={end}>{placeOf(thing, t(thing.kind === "servers" ? "list" : "open"))}</p>
      </div>
    </Card>
  );
}

function About({ thing }: { thing: Thing }) {
  switch (thing.kind) {
    case "network":
      return <OfNetwork network={thing.network} cidrs={thing.cidrs} />;
    case "router":
      return <OfRouter router={thing.router} />;
    case "server":
      return <OfServer server={thing.server} addresses={thing.addresses} />;
    case "servers":
      return null;
    case "port":
      return <OfPort port={thing.port} />;
  }
}

function Acts<Item>(props: { actions: readonly Action<Item>[]; item: Item; name: string; children?: ReactNode }) {
  const { actions, item, name, children } = props;
  const runner = useRunner<Item>(() => name);
  return (
    <div className="row">
      {children}
      <ActionBar actions={actions} item={item} name={name} runner={runner} />
      {runner.dialog}
    </div>
  );
}

const codes = (values: readonly string[]): ReactNode =>
  values.length === 0 ? null : values.map((value) => <Code key={value}>{value}</Code>);

function OfNetwork({ network, cidrs }: { network: Network; cidrs: readonly string[] }) {
  const t = useText(text);
  const w = useText(words);
  return (
    <>
      <Facts
        facts={[
          [w("status"), <StatusBadge key="status" status={network.status} />],
          [t("ranges"), codes(cidrs)],
        ]}
      />
      <Acts actions={useNetworkActions()} item={network} name={network.name || network.id}>
        {!network["router:external"] && cidrs.length > 0 && (
          <Link to={`${href("/instances/new")}?network=${encodeURIComponent(network.id)}`} className="button">
            {t("launch")}
          </Link>
        )}
      </Acts>
    </>
  );
}

function OfRouter({ router }: { router: Router }) {
  const t = useText(text);
  const w = useText(words);
  return (
    <>
      <Facts
        facts={[
          [w("status"), <StatusBadge key="status" status={router.status} />],
          [
            t("gateway"),
            codes((router.external_gateway_info?.external_fixed_ips ?? []).map(({ ip_address }) => ip_address)),
          ],
        ]}
      />
      <Acts actions={useRouterActions()} item={router} name={router.name || router.id} />
    </>
  );
}

function OfServer({ server, addresses }: { server: Server; addresses: readonly string[] }) {
  const t = useText(text);
  const w = useText(words);
  return (
    <>
      <Facts
        facts={[
          [w("status"), <StatusBadge key="status" status={server.status} doing={server["OS-EXT-STS:task_state"]} />],
          [t("addresses"), codes(addresses)],
        ]}
      />
      <Acts actions={useServerActions()} item={server} name={server.name} />
    </>
  );
}

function OfPort({ port }: { port: Port }) {
  const t = useText(text);
  const w = useText(words);
  return (
    <>
      <Facts
        facts={[
          [w("status"), <StatusBadge key="status" status={port.status} />],
          [t("addresses"), codes(port.fixed_ips.map(({ ip_address }) => ip_address))],
        ]}
      />
      <Acts actions={usePortActions()} item={port} name={port.name || port.id} />
    </>
  );
}
