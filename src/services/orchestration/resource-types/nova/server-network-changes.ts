import { idOrNull, NOVA, orGone } from "../asking.ts";
import type { Made, Run, Values } from "../types.ts";
import { networkOf, nicOf, ownPorts, type WantedNic } from "./server-networks.ts";

/**
 * How a server's cards change: as in heat those that the new list describes as well stay as they are, others are unplugged and new ones are
 * plugged in. What is unplugged and plugged in is noted in the resource's data, and carried out by `networksAreChanged`.
 */

/** A card as it is: what the template said of it and what came of that. */
interface Card {
  readonly port: string | null;
  readonly network: string | null;
  readonly subnet: string | null;
  readonly fixed_ip: string | null;
}

interface OldCard extends Card {
  readonly wanted: WantedNic;
}

interface Attachment {
  readonly port_id: string;
  readonly net_id: string;
  readonly fixed_ips: readonly { readonly ip_address: string; readonly subnet_id: string }[] | null;
}

const paramsOf = ({ physicalId }: Pick<Made, "physicalId">) => ({ server_id: physicalId ?? "" });

async function attachmentsOf(run: Pick<Made, "call" | "physicalId">): Promise<readonly Attachment[]> {
  const body = await orGone(() =>
    run.call<{ interfaceAttachments: Attachment[] }>("compute", "interfaces:list", { ...NOVA, params: paramsOf(run) }),
  );
  return body?.interfaceAttachments ?? [];
}

const cardOf = ({ port_id, net_id, fixed_ips }: Attachment): Card => ({
  port: port_id,
  network: net_id,
  subnet: fixed_ips?.[0]?.subnet_id ?? null,
  fixed_ip: fixed_ips?.[0]?.ip_address ?? null,
});

/** The keys that cards have of themselves. */
const MANAGED = ["port", "network", "subnet", "fixed_ip"] as const;
/** Those that only a template says. */
const SAID = ["floating_ip", "tag", "allocate_network", "port_extra_properties"] as const;

/** The first card that is as a template says, as far as it says. */
function matching<T extends Card>(cards: readonly T[], wanted: Card): T | undefined {
  return cards.find((card) => MANAGED.every((key) => wanted[key] === null || wanted[key] === card[key]));
}

const saysTheSame = (one: WantedNic, other: WantedNic): boolean =>
  SAID.every((key) => JSON.stringify(one[key] || null) === JSON.stringify(other[key] || null));

/** By ids. */
async function idsOf(run: Run, nic: WantedNic): Promise<Card> {
  const subnet = await orGone(() => idOrNull(run, "subnet", nic.subnet));
  const port = await orGone(() => idOrNull(run, "port", nic.port));
  const network = port !== null ? null : await orGone(() => networkOf(run, nic, subnet));
  return { port, network, subnet, fixed_ip: nic.fixed_ip || null };
}

const nicsIn = ({ networks }: Values): readonly WantedNic[] => (networks as readonly WantedNic[] | null) ?? [];

function remove<T>(list: T[], item: T): void {
  list.splice(list.indexOf(item), 1);
}

/** Notes what there is to do. */
export async function changeNetworks(run: Run): Promise<void> {
  const present = (await attachmentsOf(run)).map(cardOf);
  const old: OldCard[] = [];
  for (const nic of nicsIn(run.before)) {
    const card = await idsOf(run, nic);
    const match = matching(present, card);
    if (match !== undefined) remove(present, match);
    old.push({ ...(match ?? card), wanted: nic });
  }
  const wanted = nicsIn(run.properties);
  const allocation = wanted.find(({ allocate_network }) => allocate_network)?.allocate_network ?? null;
  const added: number[] = [];
  for (const [index, nic] of wanted.entries()) {
    if (allocation !== null) break;
    const card = await idsOf(run, nic);
    const kept = matching(
      old.filter((one) => saysTheSame(one.wanted, nic)),
      card,
    );
    if (kept !== undefined) {
      remove(old, kept);
      continue;
    }
    // Plugged in already, before a crash or by hand.
    const there = matching(present, card);
    if (there !== undefined) remove(present, there);
    else added.push(index);
  }
  // Without any that is named a server has whichever there was, as after its creation.
  const keepsAny = allocation === "auto" || (wanted.length === 0 && allocation === null);
  const gone = keepsAny && old.length > 0 && wanted.length === 0 ? old.slice(1) : allocation === "auto" ? [] : old;
  for (const { wanted: nic } of gone) await release(run, nic);
  run.setData(
    "unplugging",
    gone.flatMap(({ port }) => port ?? []),
  );
  run.setData("plugging", added);
}

async function release(run: Run, { floating_ip }: WantedNic): Promise<void> {
  if (!floating_ip) return;
  const body = { floatingip: { port_id: null } };
  await orGone(() => run.call("network", "floatingips:update", { params: { id: floating_ip }, body }));
}

const unplug = (run: Pick<Made, "call" | "physicalId">, port_id: string) =>
  orGone(() => run.call("compute", "interfaces:detach", { ...NOVA, params: { ...paramsOf(run), port_id } }));

/** One step further; true where nothing is left to do. Ports that are plugged in again need the old ones to be gone. */
export async function networksAreChanged(run: Run): Promise<boolean> {
  const unplugging = (run.data.unplugging ?? []) as readonly string[];
  if (unplugging.length > 0) {
    const there = new Set((await attachmentsOf(run)).map(({ port_id }) => port_id));
    const left = unplugging.filter((port) => there.has(port));
    for (const port of left)
      if (run.data[`unplugged ${port}`] !== true) {
        await unplug(run, port);
        run.setData(`unplugged ${port}`, true);
      }
    if (left.length > 0) return false;
    for (const port of unplugging) {
      run.setData(`unplugged ${port}`, null);
      await forgetPort(run, port);
    }
    run.setData("unplugging", null);
  }
  const plugging = (run.data.plugging ?? []) as readonly number[];
  const wanted = nicsIn(run.properties);
  for (const [at, index] of plugging.entries()) {
    const nic = wanted[index];
    if (nic !== undefined) await plug(run, nic, `${run.startedAt}-${index}`);
    run.setData("plugging", plugging.slice(at + 1));
  }
  if (plugging.length > 0) run.setData("plugging", null);
  return true;
}

async function plug(run: Run, nic: WantedNic, label: string): Promise<void> {
  const { port, uuid, fixed_ip, tag } = await nicOf(run, nic, label);
  const attachment = {
    ...(port === undefined ? { net_id: uuid } : { port_id: port }),
    ...(fixed_ip === undefined ? {} : { fixed_ips: [{ ip_address: fixed_ip }] }),
    ...(tag === undefined ? {} : { tag }),
  };
  const body = { interfaceAttachment: attachment };
  await run.call("compute", "interfaces:attach", { ...NOVA, params: paramsOf(run), body });
}

/** A port of the resource's own goes with its card. */
async function forgetPort(run: Run, id: string): Promise<void> {
  const own = ownPorts(run);
  if (!own.some((port) => port.id === id)) return;
  await orGone(() => run.call("network", "ports:delete", { params: { id } }));
  run.setData(
    "internal_ports",
    own.filter((port) => port.id !== id),
  );
}

/** Ports that a template names, which the server that comes in this one's place is to have. False until they are free. */
export async function portsAreFree(run: Run): Promise<boolean> {
  const own = new Set(ownPorts(run).map(({ id }) => id));
  const named: string[] = [];
  for (const { port } of nicsIn(run.before)) {
    const id = await orGone(() => idOrNull(run, "port", port));
    if (id !== null && !own.has(id)) named.push(id);
  }
  const there = (await attachmentsOf(run)).map(({ port_id }) => port_id).filter((id) => named.includes(id));
  for (const id of there) await unplug(run, id);
  return there.length === 0;
}

/** Gives them back to the server that was to be replaced. */
export async function takePortsBack(run: Run): Promise<void> {
  const there = new Set((await attachmentsOf(run)).map(({ port_id }) => port_id));
  for (const nic of nicsIn(run.before)) {
    const id = await orGone(() => idOrNull(run, "port", nic.port));
    if (id !== null && !there.has(id)) await plug(run, { ...nic, port: id }, "");
  }
}
