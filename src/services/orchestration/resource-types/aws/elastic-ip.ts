import { valueMistake } from "../../language/mistakes.ts";
import { lost, orGone } from "../asking.ts";
import { type Made, ResourceError, type ResourceType, type Run, type Values } from "../types.ts";
import { nova, of, outsideOf, routerOfVpc, setGateway, text } from "./vpc-parts.ts";

interface Address {
  readonly id: string;
  readonly floating_ip_address: string;
  readonly floating_network_id: string;
  readonly created_at?: string;
}

interface Port {
  readonly id: string;
  readonly network_id: string;
}

const addressOf = async ({ call }: Pick<Made, "call">, id: string): Promise<Address | null> =>
  (await orGone(() => call<{ floatingip: Address }>("network", "floatingips:show", { params: { id } })))?.floatingip ??
  null;

const lead = (run: Run, id: string, port_id: string | null) =>
  run.call("network", "floatingips:update", { params: { id }, body: { floatingip: { port_id } } });

async function portOf(run: Run, { NetworkInterfaceId, InstanceId }: Values): Promise<Port> {
  const query: Record<string, string> = NetworkInterfaceId
    ? { id: String(NetworkInterfaceId) }
    : { device_id: String(InstanceId) };
  const { ports } = await run.call<{ ports: Port[] }>("network", "ports:list", { query });
  const [port] = ports;
  if (port === undefined) throw new ResourceError("NotFound", "Failed to update, can not found port info.");
  return port;
}

export const elasticIp: ResourceType = {
  name: "AWS::EC2::EIP",
  service: nova,
  className: "ElasticIp",
  description: "A floating address.",
  properties: {
    Domain: { ...text, constraints: [{ allowed_values: ["vpc"] }], description: "Taken and not looked at." },
    InstanceId: { ...of("nova.server"), update_allowed: true, description: "The server it leads to." },
  },
  attributes: { AllocationId: { type: "string", description: "Its id." } },
  async create(run) {
    if (run.physicalId === null) {
      const left = await lost(run, async () => {
        const query = { description: run.physicalName() };
        return (await run.call<{ floatingips: Address[] }>("network", "floatingips:list", { query })).floatingips;
      });
      const body = { floatingip: { floating_network_id: await outsideOf(run), description: run.physicalName() } };
      run.setPhysicalId(
        left ?? (await run.call<{ floatingip: Address }>("network", "floatingips:create", { body })).floatingip.id,
      );
    }
    if (run.properties.InstanceId) await lead(run, run.physicalId ?? "", (await portOf(run, run.properties)).id);
  },
  async update(run, changed) {
    if (changed.InstanceId === undefined) return;
    await lead(run, run.physicalId ?? "", changed.InstanceId === null ? null : (await portOf(run, changed)).id);
  },
  async isCreated(run) {
    const address = await addressOf(run, run.physicalId ?? "");
    run.setData("address", address?.floating_ip_address ?? null);
    return true;
  },
  async delete(run) {
    const { physicalId: id } = run;
    if (id !== null) await orGone(() => run.call("network", "floatingips:delete", { params: { id } }));
  },
  reference: ({ data, name }) => data.address ?? name,
  attribute: ({ physicalId }, name) => (name === "AllocationId" ? physicalId : null),
};

/** The id of the floating address that is meant. */
async function meant(run: Run, { EIP, AllocationId }: Values): Promise<string> {
  if (AllocationId) return String(AllocationId);
  const query = { floating_ip_address: String(EIP) };
  const { floatingips } = await run.call<{ floatingips: Address[] }>("network", "floatingips:list", { query });
  const [address] = floatingips;
  if (address === undefined) throw new ResourceError("NotFound", `floating ip ${String(EIP)} not found`);
  return address.id;
}

async function associate(run: Run): Promise<void> {
  const { properties } = run;
  const port = await portOf(run, properties);
  const id = await meant(run, properties);
  if (properties.AllocationId) {
    // The VPC's router has to lead outside.
    const router = await orGone(() => routerOfVpc(run, port.network_id));
    const address = await addressOf(run, id);
    if (router !== null && address !== null) await setGateway(run, router.id, address.floating_network_id);
  }
  await lead(run, id, port.id);
  run.setPhysicalId(String(properties.EIP ?? id));
}

async function dissociate(run: Run, properties: Values): Promise<void> {
  await orGone(async () => lead(run, await meant(run, properties), null)).catch((error: unknown) => {
    // The address has gone.
    if (!(error instanceof ResourceError)) throw error;
  });
}

export const elasticIpAssociation: ResourceType = {
  name: "AWS::EC2::EIPAssociation",
  service: nova,
  className: "ElasticIpAssociation",
  description: "Leads a floating address to a server or port.",
  properties: {
    InstanceId: { ...of("nova.server"), update_allowed: true, description: "The server." },
    EIP: { ...of("ip_addr"), update_allowed: true, description: "The address." },
    AllocationId: { ...text, update_allowed: true, description: "The same by its id." },
    NetworkInterfaceId: { ...text, update_allowed: true, description: "The port." },
  },
  attributes: {},
  validate({ properties: { EIP, AllocationId, InstanceId, NetworkInterfaceId } }) {
    // What another resource is to give is not there yet, and an empty text.
    const [address, allocation, instance, port] = [EIP, AllocationId, InstanceId, NetworkInterfaceId].map(
      (value) => value !== null && value !== undefined,
    );
    if (address === allocation) throw valueMistake("Either 'EIP' or 'AllocationId' must be provided.");
    if (address && !instance) throw valueMistake("Must specify 'InstanceId' if you specify 'EIP'.");
    if (!instance && !port) {
      throw valueMistake("At least one of the following properties must be specified: InstanceId, NetworkInterfaceId.");
    }
  },
  create: associate,
  async update(run) {
    await dissociate(run, run.before);
    await associate(run);
  },
  async delete(run) {
    if (run.physicalId !== null) await dissociate(run, run.properties);
  },
};
