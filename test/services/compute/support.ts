import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FakeExec } from "../../../src/host/fake/exec.ts";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import type { Service } from "../../../src/kernel/module.ts";
import { FakeComputeDriver, type FakeOptions } from "../../../src/services/compute/driver/fake.ts";
import { compute } from "../../../src/services/compute/index.ts";
import type { CreateImage, ImageFacade, ImageInfo } from "../../../src/services/image/facade.ts";
import { image as imageService } from "../../../src/services/image/index.ts";
import { FakeNetworkDriver } from "../../../src/services/network/driver/fake.ts";
import type { NetworkFacade } from "../../../src/services/network/facade.ts";
import { network as networkService } from "../../../src/services/network/index.ts";
import { identityStub, type RequestOptions, type TestCloud, testCloud } from "../../support/cloud.ts";

/** Sees and may do everything. */
export const INTERNAL = internalContext("req-test", "admin");

export interface ComputeLab extends TestCloud {
  driver: FakeComputeDriver;
  networkDriver: FakeNetworkDriver;
  /** The real services' verbs; both stand on fakes of the host. */
  network: NetworkFacade;
  images: ImageFacade;
  /** A request to /compute/v2.1 as "member:alpha" unless told otherwise. */
  api(method: string, path: string, options?: RequestOptions & { version?: string }): ReturnType<TestCloud["request"]>;
  /** A network with the subnet 10.0.0.0/24; its id. */
  addNetwork(project: string, name?: string, attributes?: Record<string, unknown>): Promise<string>;
  /** Its id. */
  addSecurityGroup(project: string, name: string): Promise<string>;
  /** An active public image, a qcow2 of 100 MB unless told. */
  addImage(image?: Partial<CreateImage> & { virtualSize?: number }): Promise<ImageInfo>;
  /** Creates a server on the network of alpha's and waits until nothing is under way. */
  boot(more?: Record<string, unknown>, token?: string): Promise<string>;
  image: ImageInfo;
  /** Alpha's network. */
  networkId: string;
  idle(): Promise<void>;
}

/** A seeded cloud with compute, image and network over fake drivers. */
export async function computeLab(
  options: FakeOptions & { settings?: Parameters<typeof testCloud>[1]; services?: readonly Service[] } = {},
): Promise<ComputeLab> {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-compute-"));
  const driver = new FakeComputeDriver({
    async writeFile(path) {
      mkdirSync(dirname(path), { recursive: true });
      await writeFile(path, qcow2(100_000_000));
    },
    ...options,
  });
  const networkDriver = new FakeNetworkDriver();
  const { settings, ...more } = options.settings ?? {};
  const own = {
    image: { imageDir: join(directory, "images") },
    compute: { ...settings?.compute, instancesPath: join(directory, "instances") },
    network: { createInitialNetworks: false, ...settings?.network },
  };
  const t = await testCloud(
    [
      identityStub(),
      imageService({ exec: new FakeExec() }),
      networkService({ driver: networkDriver }),
      compute({ driver }),
      ...(options.services ?? []),
    ],
    { ...more, settings: { ...settings, ...own } },
  );
  await t.cloud.seed();
  const network = t.cloud.kernel.facade("network");
  const images = t.cloud.kernel.facade("image");
  const idle = async () => {
    await t.cloud.kernel.operations.idle();
    await t.cloud.kernel.events.idle();
  };
  const must = async (path: string, token: string, body: Record<string, unknown>) => {
    const answer = await t.request("POST", `/networking/v2.0/${path}`, { token, body });
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const addNetwork: ComputeLab["addNetwork"] = async (project, name = "private", attributes = {}) => {
    const token = `admin:${project}`;
    const { id } = (await must("networks", token, { network: { name, ...attributes } })).network;
    await must("subnets", token, { subnet: { network_id: id, ip_version: 4, cidr: "10.0.0.0/24" } });
    return id;
  };
  const addSecurityGroup: ComputeLab["addSecurityGroup"] = async (project, name) =>
    (await must("security-groups", `member:${project}`, { security_group: { name } })).security_group.id;
  const addImage: ComputeLab["addImage"] = async ({ virtualSize = 100_000_000, ...image } = {}) => {
    const file = join(directory, "upload");
    await writeFile(file, qcow2(virtualSize));
    const base = { name: "cirros", diskFormat: "qcow2", containerFormat: "bare", visibility: "public" } as const;
    return images.createFromFile(INTERNAL, { ...base, ...image }, file);
  };
  const api: ComputeLab["api"] = (method, path, { version, headers = {}, ...rest } = {}) =>
    t.request(method, `/compute/v2.1${path}`, {
      token: "member:alpha",
      ...rest,
      headers: { ...headers, ...(version === undefined ? {} : { "openstack-api-version": `compute ${version}` }) },
    });
  const image = await addImage();
  const networkId = await addNetwork("alpha");
  return {
    ...t,
    driver,
    networkDriver,
    network,
    images,
    image,
    networkId,
    addNetwork,
    addSecurityGroup,
    addImage,
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
    async close() {
      await t.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The header of an empty qcow2 (version 2) of so many bytes, which is all that is looked at. */
function qcow2(virtualSize: number): Buffer {
  const header = Buffer.alloc(65_536);
  header.write("QFI\u00fb", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(BigInt(virtualSize), 24);
  return header;
}
