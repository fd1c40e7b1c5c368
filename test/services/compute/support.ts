import type { RequestContext } from "../../../src/kernel/auth/context.ts";
import { conflict, notFound } from "../../../src/kernel/errors.ts";
import { computeEnvelope, family } from "../../../src/kernel/http/families.ts";
import { uuid } from "../../../src/kernel/ids/ids.ts";
import { defineService, type Service } from "../../../src/kernel/module.ts";
import { FakeComputeDriver, type FakeOptions } from "../../../src/services/compute/driver/fake.ts";
import { compute } from "../../../src/services/compute/index.ts";
import type { ImageInfo } from "../../../src/services/image/facade.ts";
import type { NetworkInfo, PortInfo, SecurityGroupInfo, Vif } from "../../../src/services/network/facade.ts";
import { identityOf, type RequestOptions, type TestCloud, testCloud } from "../../support/cloud.ts";

/** A service that is only a facade. */
function stub(name: string, facade: unknown): Service {
  return defineService({
    name: name as never,
    endpoint: { prefix: `/${name}`, classicPorts: [], catalog: [] },
    api: family({ renderError: computeEnvelope }),
    policies: {},
    migrations: [],
    create: () => ({ facade: facade as never, routes: [] }),
  })();
}

/** Networks and ports in memory, as far as compute asks. */
export class NetworkStub {
  readonly networks = new Map<string, NetworkInfo>();
  readonly ports = new Map<string, PortInfo>();
  readonly groups = new Map<string, SecurityGroupInfo>();
  readonly plugs: string[] = [];
  /** Ports told that another guest is behind them. */
  readonly newGuests: string[] = [];
  #next = 2;

  addNetwork(projectId: string, name = "private"): NetworkInfo {
    const network: NetworkInfo = {
      id: uuid(),
      name,
      projectId,
      adminStateUp: true,
      status: "ACTIVE",
      shared: false,
      external: false,
      isDefault: false,
      mtu: 1500,
      portSecurityEnabled: true,
      dnsDomain: "",
      subnetIds: [uuid()],
    };
    this.networks.set(network.id, network);
    return network;
  }

  getNetwork = (_: RequestContext, id: string): NetworkInfo => {
    const network = this.networks.get(id);
    if (network === undefined) throw notFound(`Network ${id} could not be found.`);
    return network;
  };
  availableNetworks = (_: RequestContext, projectId: string): NetworkInfo[] =>
    [...this.networks.values()].filter((network) => network.projectId === projectId);
  autoAllocate = (): NetworkInfo => {
    throw conflict("no default pool");
  };
  listPorts = (_: RequestContext, filters: { deviceId?: string } = {}): PortInfo[] =>
    [...this.ports.values()].filter(({ deviceId }) => filters.deviceId === undefined || deviceId === filters.deviceId);
  getPort = (_: RequestContext, id: string): PortInfo => {
    const port = this.ports.get(id);
    if (port === undefined) throw notFound(`Port ${id} could not be found.`);
    return port;
  };
  createPort = (
    _: RequestContext,
    wanted: { networkId: string; projectId: string } & Record<string, unknown>,
  ): PortInfo => {
    const fixed = (wanted.fixedIps as { address?: string }[] | undefined)?.[0]?.address;
    const id = uuid();
    const port: PortInfo = {
      id,
      name: "",
      projectId: wanted.projectId,
      networkId: wanted.networkId,
      macAddress: `fa:16:3e:00:00:${this.#next.toString(16).padStart(2, "0")}`,
      adminStateUp: true,
      status: "DOWN",
      deviceId: String(wanted.deviceId ?? ""),
      deviceOwner: String(wanted.deviceOwner ?? ""),
      fixedIps: [{ subnetId: "subnet", address: fixed ?? `10.0.0.${this.#next++}`, prefixLength: 24 }],
      securityGroupIds: (wanted.securityGroupIds as string[] | undefined) ?? ["default-group"],
      portSecurityEnabled: true,
      bindingHostId: "",
      vnicType: "normal",
      dnsName: "",
    };
    this.ports.set(id, port);
    return port;
  };
  updatePort = (context: RequestContext, id: string, changes: Partial<PortInfo>): PortInfo =>
    Object.assign(this.getPort(context, id), changes);
  deletePort = (_: RequestContext, id: string): void => {
    this.ports.delete(id);
  };
  bindPorts = async (ids: readonly string[]) => ids.map((id) => this.binding(id));
  bindPort = async (id: string) => this.binding(id);
  binding = (id: string) => {
    const port = this.ports.get(id);
    if (port === undefined) throw notFound(`Port ${id} could not be found.`);
    return {
      portId: id,
      networkId: port.networkId,
      tap: `tap${id.slice(0, 11)}`,
      bridge: `brq${port.networkId.slice(0, 11)}`,
      mac: port.macAddress,
      mtu: 1500,
      fixedIps: port.fixedIps,
    };
  };
  plugged = async (ids: readonly string[]): Promise<void> => {
    this.plugs.push(...ids);
    for (const id of ids) {
      const port = this.ports.get(id);
      if (port !== undefined) port.status = "ACTIVE";
    }
  };
  unplugged = (): void => {};
  anotherGuest = (ids: readonly string[]): void => {
    this.newGuests.push(...ids);
  };
  unbindPort = (id: string): void => {
    const port = this.ports.get(id);
    if (port !== undefined) Object.assign(port, { deviceId: "", deviceOwner: "" });
  };
  networkInfoForDevices = (ids: readonly string[]): Map<string, Vif[]> => {
    const infos = new Map<string, Vif[]>();
    for (const port of this.ports.values()) {
      if (!ids.includes(port.deviceId)) continue;
      const vif: Vif = {
        portId: port.id,
        networkId: port.networkId,
        networkName: this.networks.get(port.networkId)?.name ?? "",
        mac: port.macAddress,
        mtu: 1500,
        status: port.status,
        vnicType: "normal",
        tap: `tap${port.id.slice(0, 11)}`,
        external: false,
        securityGroupIds: port.securityGroupIds,
        fixedIps: port.fixedIps.map(({ address, subnetId }) => ({
          address,
          version: 4,
          subnetId,
          cidr: "10.0.0.0/24",
          prefixLength: 24,
          gatewayIp: "10.0.0.1",
          enableDhcp: true,
          ipv6AddressMode: null,
          dnsNameservers: [],
          hostRoutes: [],
          floatingIps: [],
        })),
      };
      infos.set(port.deviceId, [...(infos.get(port.deviceId) ?? []), vif]);
    }
    return infos;
  };
  listSecurityGroups = (): SecurityGroupInfo[] => [
    { id: "default-group", name: "default", description: "Default security group", projectId: "alpha", rules: [] },
    ...this.groups.values(),
  ];
  resolveSecurityGroups = (_: RequestContext, __: string, names: readonly string[]): string[] =>
    names.map((name) => {
      const group = this.listSecurityGroups().find((candidate) => candidate.name === name || candidate.id === name);
      if (group === undefined) throw notFound(`no group ${name}`);
      return group.id;
    });
  floatingIpPools = (): string[] => ["public"];
  listFloatingIps = () => [];
  quotas = (): Record<string, { limit: number; used: number }> => ({
    floatingip: { limit: 50, used: 0 },
    security_group: { limit: 10, used: 1 },
    security_group_rule: { limit: 100, used: 4 },
    port: { limit: 500, used: 0 },
  });
}

/** Images in memory. */
export class ImageStub {
  readonly images = new Map<string, ImageInfo>();

  add(more: Partial<ImageInfo> = {}): ImageInfo {
    const image: ImageInfo = {
      id: uuid(),
      name: "cirros",
      status: "active",
      diskFormat: "qcow2",
      containerFormat: "bare",
      size: 20_000_000,
      virtualSize: 100_000_000,
      minDisk: 0,
      minRam: 0,
      checksum: "0".repeat(32),
      osHashAlgo: null,
      osHashValue: null,
      protected: false,
      osHidden: false,
      visibility: "public",
      owner: "admin",
      tags: [],
      properties: {},
      createdAt: 0,
      updatedAt: 0,
      filePath: "/nonexistent/image",
      ...more,
    };
    this.images.set(image.id, image);
    return image;
  }

  get = (_: RequestContext, id: string): ImageInfo => {
    const image = this.images.get(id);
    if (image === undefined) throw notFound(`No image found with ID ${id}`);
    return image;
  };
  find = (id: string): ImageInfo | null => this.images.get(id) ?? null;
  list = (): ImageInfo[] => [...this.images.values()];
  create = (context: RequestContext, wanted: Record<string, unknown>): ImageInfo =>
    this.add({
      name: String(wanted.name),
      status: "queued",
      filePath: null,
      size: null,
      visibility: "private",
      owner: (wanted.owner as string | undefined) ?? context.projectId,
      minDisk: (wanted.minDisk as number | undefined) ?? 0,
      properties: (wanted.properties as Record<string, string> | undefined) ?? {},
    });
  uploadFile = async (_: RequestContext, id: string, path: string): Promise<ImageInfo> => {
    const image = this.images.get(id);
    if (image === undefined) throw notFound(`No image found with ID ${id}`);
    return this.add({ ...image, status: "active", filePath: path, size: 65536 });
  };
  updateProperties = (_: RequestContext, id: string, changes: Record<string, string | null>): ImageInfo => {
    const image = this.images.get(id);
    if (image === undefined) throw notFound(`No image found with ID ${id}`);
    const properties = { ...image.properties };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete properties[key];
      else properties[key] = value;
    }
    return this.add({ ...image, properties });
  };
  delete = async (_: RequestContext, id: string): Promise<void> => {
    if (!this.images.delete(id)) throw notFound(`No image found with ID ${id}`);
  };
}

export interface ComputeLab extends TestCloud {
  driver: FakeComputeDriver;
  network: NetworkStub;
  images: ImageStub;
  /** A request to /compute/v2.1 as "member:alpha" unless told otherwise. */
  api(method: string, path: string, options?: RequestOptions & { version?: string }): ReturnType<TestCloud["request"]>;
  /** Creates a server on a network of alpha's and waits until nothing is under way. */
  boot(more?: Record<string, unknown>, token?: string): Promise<string>;
  image: ImageInfo;
  idle(): Promise<void>;
}

/** A seeded cloud with compute over a fake driver and stubs around it. */
export async function computeLab(
  options: FakeOptions & { settings?: Parameters<typeof testCloud>[1]; services?: readonly Service[] } = {},
): Promise<ComputeLab> {
  const driver = new FakeComputeDriver(options);
  const network = new NetworkStub();
  const images = new ImageStub();
  const identity = stub("identity", {
    authenticate: identityOf,
    getProject: (id: string) => ({ id, name: id, domainId: "default", enabled: true }),
    getUser: (id: string) => ({ id, name: id, domainId: "default", enabled: true, defaultProjectId: null }),
  });
  const t = await testCloud(
    [identity, stub("image", images), stub("network", network), compute({ driver }), ...(options.services ?? [])],
    options.settings ?? {},
  );
  await t.cloud.seed();
  const image = images.add();
  network.addNetwork("alpha");
  const idle = async () => {
    await t.cloud.kernel.operations.idle();
    await t.cloud.kernel.events.idle();
  };
  const api: ComputeLab["api"] = (method, path, { version, headers = {}, ...rest } = {}) =>
    t.request(method, `/compute/v2.1${path}`, {
      token: "member:alpha",
      ...rest,
      headers: { ...headers, ...(version === undefined ? {} : { "openstack-api-version": `compute ${version}` }) },
    });
  return {
    ...t,
    driver,
    network,
    images,
    image,
    api,
    idle,
    async boot(more = {}, token = "member:alpha") {
      const created = await api("POST", "/servers", {
        token,
        body: { server: { name: "guest", imageRef: image.id, flavorRef: "42", ...more } },
      });
      if (created.status !== 202) throw new Error(`boot answered ${created.status}: ${JSON.stringify(created.body)}`);
      await idle();
      return created.body.server.id;
    },
  };
}
