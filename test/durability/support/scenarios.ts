import assert from "node:assert/strict";
import { DriverError } from "../../../src/services/compute/driver/driver.ts";
import type { Json } from "../../support/json.ts";
import type { Answer, Life, LifeSettings, World } from "./world.ts";

/** What every scenario finds. */
export interface Base {
  token: string;
  imageId: string;
  networkId: string;
  subnetId: string;
  otherNetworkId: string;
  externalId: string;
  routerId: string;
  flavors: [string, string];
}

interface Acknowledgement {
  /** The number of moments there were when it was answered: later ones must know of it. */
  since: number;
  what: string;
  /** Asked of a later life. Answers what is wrong, or null. */
  check(life: Life): Promise<string | null>;
}

/** A scenario's hands: requests that must succeed, and a list of what was promised by their answers. */
export class Scene {
  readonly life: Life;
  readonly world: World;
  readonly base: Base;
  readonly acknowledged: Acknowledgement[] = [];
  /** Requests that were answered 503. */
  refused = 0;
  readonly #moments: () => number;

  constructor(life: Life, world: World, base: Base, moments: () => number) {
    this.life = life;
    this.world = world;
    this.base = base;
    this.#moments = moments;
  }

  /** One request, after which everything it started comes to rest. */
  async call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Json> {
    const answer = await this.begin(method, path, body, headers);
    await this.life.idle();
    return answer;
  }

  /** One request; what it started goes on. One that finds the disk full is sent again. */
  async begin(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Json> {
    let answer = await this.life.request(method, path, body, headers);
    if (answer.status === 503) {
      this.refused += 1;
      answer = await this.life.request(method, path, body, headers);
    }
    assert.ok(answer.status < 300, `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  promise(what: string, check: Acknowledgement["check"]): void {
    this.acknowledged.push({ since: this.#moments(), what, check });
  }

  /** From now on GET answers 200, until `gone` is promised. */
  there(path: string, also: (body: Json) => string | null = () => null): void {
    this.promise(path, async (life) => {
      const { status, body } = await life.request("GET", path);
      if (status !== 200 && this.#promisedGone.has(path)) return null;
      return status === 200 ? also(body) : `answered ${status}`;
    });
  }

  gone(path: string): void {
    this.#promisedGone.add(path);
    this.promise(`${path} is to be gone`, async (life) => {
      const { status } = await life.request("GET", path);
      return status === 404 ? null : `answered ${status}`;
    });
  }
  /** It goes with something else that is deleted. */
  mayGo(path: string): void {
    this.#promisedGone.add(path);
  }
  readonly #promisedGone = new Set<string>();

  // Shorthands.
  async server(more: Record<string, unknown> = {}): Promise<string> {
    const server = {
      name: "s",
      imageRef: this.base.imageId,
      flavorRef: this.base.flavors[0],
      networks: [{ uuid: this.base.networkId }],
      ...more,
    };
    const answer = await this.begin("POST", "/compute/v2.1/servers", { server }, NOVA);
    const { id } = answer.server;
    this.there(`/compute/v2.1/servers/${id}`);
    await this.life.idle();
    return id;
  }

  async act(id: string, action: Record<string, unknown>): Promise<Json> {
    return this.call("POST", `/compute/v2.1/servers/${id}/action`, action, NOVA);
  }

  async deleteServer(id: string): Promise<void> {
    await this.begin("DELETE", `/compute/v2.1/servers/${id}`);
    this.gone(`/compute/v2.1/servers/${id}`);
    await this.life.idle();
  }

  async status(id: string): Promise<string> {
    return (await this.begin("GET", `/compute/v2.1/servers/${id}`)).server.status;
  }

  async volume(more: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.begin("POST", "/volume/v3/volumes", { volume: { size: 1, ...more } });
    this.there(`/volume/v3/volumes/${answer.volume.id}`);
    await this.life.idle();
    return answer.volume.id;
  }

  async image(data = "some bytes", name = "i"): Promise<string> {
    const body = { name, disk_format: "raw", container_format: "bare" };
    const { id } = await this.begin("POST", "/image/v2/images", body);
    this.there(`/image/v2/images/${id}`);
    await this.begin("PUT", `/image/v2/images/${id}/file`, data);
    this.promise("uploaded data", async (life) => {
      const answer = await life.request("GET", `/image/v2/images/${id}/file`);
      if (answer.status === 404 && this.#promisedGone.has(`/image/v2/images/${id}`)) return null;
      return answer.body === data ? null : `is ${answer.status} ${JSON.stringify(answer.body)}`;
    });
    return id;
  }
}

/** Names that need no newer microversion of nova. */
const NOVA = { "x-openstack-nova-api-version": "2.60" };
const NET = "/networking/v2.0";

export async function prepareBase(life: Life, token: string): Promise<Base> {
  const scene = new Scene(life, undefined as never, { token } as Base, () => 0);
  const one = async (path: string, key: string, body: Record<string, unknown>) =>
    (await scene.call("POST", `${NET}/${path}`, { [key]: body }))[key].id as string;
  const networkId = await one("networks", "network", { name: "n" });
  const subnetId = await one("subnets", "subnet", { network_id: networkId, ip_version: 4, cidr: "10.9.0.0/24" });
  const otherNetworkId = await one("networks", "network", { name: "o" });
  await one("subnets", "subnet", { network_id: otherNetworkId, ip_version: 4, cidr: "10.8.0.0/24" });
  const externals = await scene.call("GET", `${NET}/networks?router:external=true`);
  const externalId = externals.networks[0].id;
  const routerId = await one("routers", "router", { external_gateway_info: { network_id: externalId } });
  await scene.call("PUT", `${NET}/routers/${routerId}/add_router_interface`, { subnet_id: subnetId });
  const imageId = await scene.image("x".repeat(4096), "base");
  const { flavors } = await scene.call("GET", "/compute/v2.1/flavors");
  const named = (name: string): string => flavors.find((flavor: Json) => flavor.name === name).id;
  return {
    token,
    imageId,
    networkId,
    subnetId,
    otherNetworkId,
    externalId,
    routerId,
    flavors: [named("m1.nano"), named("m1.small")],
  };
}

const SHELVED_ON_HOST = "shelved and kept on the host, unshelved, offloaded";
const SOFT_DELETION = "soft deletion, restored and for good";

/** Scenarios that need a cloud of other settings. */
export const settingsOf: Readonly<Record<string, LifeSettings>> = {
  [SOFT_DELETION]: { compute: { reclaimInstanceInterval: 3600 } },
  [SHELVED_ON_HOST]: { compute: { shelvedOffloadTime: -1 } },
};

export const scenarios: Record<string, (scene: Scene) => Promise<void>> = {
  async "create and delete a server on two networks and a port of its own"(scene) {
    const { networkId, otherNetworkId } = scene.base;
    const { port } = await scene.call("POST", `${NET}/ports`, { port: { network_id: networkId } });
    scene.there(`${NET}/ports/${port.id}`);
    const id = await scene.server({ networks: [{ uuid: networkId }, { port: port.id }, { uuid: otherNetworkId }] });
    assert.equal(await scene.status(id), "ACTIVE");
    await scene.deleteServer(id);
  },

  async "several servers at once"(scene) {
    const id = await scene.server({ min_count: 2, max_count: 2 });
    assert.equal(await scene.status(id), "ACTIVE");
    const { servers } = await scene.begin("GET", "/compute/v2.1/servers");
    await Promise.all(servers.map((server: Json) => scene.deleteServer(server.id)));
  },

  async "a server that cannot be built"(scene) {
    scene.world.hold = async (verb) => {
      if (verb === "spawn") throw new Error("no");
    };
    const volume = await scene.volume();
    const root = { boot_index: 0, source_type: "image", uuid: scene.base.imageId, destination_type: "local" };
    const disk = { boot_index: -1, source_type: "volume", uuid: volume, destination_type: "volume" };
    const id = await scene.server({ block_device_mapping_v2: [root, disk] });
    assert.equal(await scene.status(id), "ERROR");
    const { volume: free } = await scene.begin("GET", `/volume/v3/volumes/${volume}`);
    assert.deepEqual([free.status, free.attachments], ["available", []], "what it was to have is free again");
    const { ports } = await scene.begin("GET", `${NET}/ports?device_id=${id}`);
    assert.deepEqual(ports, []);
    await scene.deleteServer(id);
  },

  async "deletion while it is being built"(scene) {
    const spawning = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    scene.world.hold = async (verb) => {
      if (verb !== "spawn") return;
      spawning.resolve();
      await goOn.promise;
    };
    const building = scene.server();
    await spawning.promise;
    const { servers } = await scene.begin("GET", "/compute/v2.1/servers");
    const deleting = scene.deleteServer(servers[0].id);
    await new Promise((resolve) => setImmediate(resolve));
    goOn.resolve();
    await Promise.all([building, deleting]);
  },

  async "boot from a volume that is made of an image, with another one beside it"(scene) {
    const other = await scene.volume();
    const id = await scene.server({
      imageRef: "",
      block_device_mapping_v2: [
        {
          boot_index: 0,
          source_type: "image",
          uuid: scene.base.imageId,
          destination_type: "volume",
          volume_size: 1,
          delete_on_termination: true,
        },
        { boot_index: -1, source_type: "volume", uuid: other, destination_type: "volume" },
      ],
    });
    assert.equal(await scene.status(id), "ACTIVE");
    await scene.deleteServer(id);
    const { volumes } = await scene.begin("GET", "/volume/v3/volumes");
    assert.deepEqual(
      volumes.map((volume: Json) => volume.id),
      [other],
    );
    scene.promise("the volume that was to go with it", async (life) => {
      const { body } = await life.request("GET", "/volume/v3/volumes");
      return body.volumes.length === 1 ? null : `${body.volumes.length} volumes are left`;
    });
  },

  async "a root volume that a rebuild writes anew"(scene) {
    const root = { boot_index: 0, source_type: "image", uuid: scene.base.imageId, destination_type: "volume" };
    const id = await scene.server({
      imageRef: "",
      block_device_mapping_v2: [{ ...root, volume_size: 1, delete_on_termination: true }],
    });
    const rebuild = { rebuild: { imageRef: scene.base.imageId } };
    const version = { "openstack-api-version": "compute 2.93" };
    await scene.call("POST", `/compute/v2.1/servers/${id}/action`, rebuild, version);
    assert.equal(await scene.status(id), "ACTIVE");
    const { volumes } = await scene.begin("GET", "/volume/v3/volumes/detail");
    assert.deepEqual(
      volumes.map((volume: Json) => [volume.status, volume.attachments[0]?.server_id]),
      [["in-use", id]],
    );
    await scene.deleteServer(id);
  },

  async "stop, start, reboot, pause, suspend and back"(scene) {
    const id = await scene.server();
    for (const [action, status] of [
      ["os-stop", "SHUTOFF"],
      ["os-start", "ACTIVE"],
      ["pause", "PAUSED"],
      ["unpause", "ACTIVE"],
      ["suspend", "SUSPENDED"],
      ["resume", "ACTIVE"],
    ] as const) {
      await scene.act(id, { [action]: null });
      assert.equal(await scene.status(id), status);
    }
    for (const type of ["SOFT", "HARD"]) await scene.act(id, { reboot: { type } });
    assert.equal(await scene.status(id), "ACTIVE");
  },

  async "rebuild, rescue, password"(scene) {
    const id = await scene.server();
    await scene.act(id, { rebuild: { imageRef: scene.base.imageId } });
    await scene.act(id, { rescue: {} });
    assert.equal(await scene.status(id), "RESCUE");
    await scene.act(id, { unrescue: null });
    await scene.act(id, { changePassword: { adminPass: "x" } });
    await scene.act(id, { "os-stop": null });
    await scene.act(id, { rebuild: { imageRef: scene.base.imageId } });
    assert.equal(await scene.status(id), "SHUTOFF");
  },

  async "resize, confirmed and reverted"(scene) {
    const [small, large] = scene.base.flavors;
    const id = await scene.server();
    await scene.act(id, { resize: { flavorRef: large } });
    await scene.act(id, { revertResize: null });
    assert.equal(await scene.status(id), "ACTIVE");
    await scene.act(id, { resize: { flavorRef: large } });
    assert.equal(await scene.status(id), "VERIFY_RESIZE");
    await scene.act(id, { confirmResize: null });
    assert.equal(await scene.status(id), "ACTIVE");
    assert.notEqual(small, large);
  },

  async "snapshots and backups"(scene) {
    const id = await scene.server();
    await scene.act(id, { createImage: { name: "snap" } });
    const backup = { name: "b", backup_type: "daily", rotation: 1 };
    await scene.act(id, { createBackup: backup });
    await scene.act(id, { createBackup: backup });
    const { images } = await scene.begin("GET", "/image/v2/images?visibility=private");
    assert.equal(images.length, 2);
    assert.ok(images.every(({ status }: Json) => status === "active"));
    await scene.deleteServer(id);
  },

  async [SOFT_DELETION](scene) {
    const id = await scene.server();
    for (let round = 0; round < 2; round += 1) {
      await scene.call("DELETE", `/compute/v2.1/servers/${id}`);
      assert.equal(await scene.status(id), "SOFT_DELETED");
      await scene.act(id, { restore: null });
      assert.equal(await scene.status(id), "ACTIVE");
    }
    await scene.call("DELETE", `/compute/v2.1/servers/${id}`);
    await scene.begin("POST", `/compute/v2.1/servers/${id}/action`, { forceDelete: null }, NOVA);
    scene.gone(`/compute/v2.1/servers/${id}`);
    await scene.life.idle();
  },

  async [SHELVED_ON_HOST](scene) {
    const id = await scene.server();
    await scene.act(id, { shelve: null });
    assert.equal(await scene.status(id), "SHELVED");
    await scene.act(id, { unshelve: null });
    assert.equal(await scene.status(id), "ACTIVE");
    await scene.act(id, { shelve: null });
    await scene.act(id, { shelveOffload: null });
    assert.equal(await scene.status(id), "SHELVED_OFFLOADED");
    await scene.deleteServer(id);
    scene.promise("the image it was shelved as is to be gone", async (life) => {
      const { body } = await life.request("GET", "/image/v2/images");
      const left = body.images.filter(({ name }: Json) => /-shelved$/.test(name));
      return left.length === 0 ? null : `${left.length} are left`;
    });
  },

  async "shelve and unshelve"(scene) {
    const id = await scene.server();
    await scene.act(id, { shelve: null });
    assert.equal(await scene.status(id), "SHELVED_OFFLOADED");
    await scene.act(id, { unshelve: null });
    assert.equal(await scene.status(id), "ACTIVE");
    await scene.deleteServer(id);
  },

  async "interfaces plugged in and out"(scene) {
    const { otherNetworkId, networkId } = scene.base;
    const id = await scene.server();
    const path = `/compute/v2.1/servers/${id}/os-interface`;
    const body = { interfaceAttachment: { net_id: otherNetworkId } };
    const { interfaceAttachment: made } = await scene.call("POST", path, body);
    scene.there(`${path}/${made.port_id}`);
    const { port } = await scene.call("POST", `${NET}/ports`, { port: { network_id: networkId } });
    await scene.call("POST", path, { interfaceAttachment: { port_id: port.id } });
    for (const portId of [made.port_id, port.id]) {
      await scene.begin("DELETE", `${path}/${portId}`);
      scene.gone(`${path}/${portId}`);
      await scene.life.idle();
    }
    const { port: third } = await scene.call("POST", `${NET}/ports`, { port: { network_id: networkId } });
    await scene.call("POST", path, { interfaceAttachment: { port_id: third.id } });
    await scene.call("DELETE", `${NET}/ports/${third.id}`);
    scene.gone(`${NET}/ports/${third.id}`);
  },

  async "volumes attached and detached"(scene) {
    const id = await scene.server();
    const volume = await scene.volume();
    const path = `/compute/v2.1/servers/${id}/os-volume_attachments`;
    await scene.begin("POST", path, { volumeAttachment: { volumeId: volume } });
    scene.there(`${path}/${volume}`);
    await scene.life.idle();
    await scene.begin("DELETE", `${path}/${volume}`);
    scene.gone(`${path}/${volume}`);
    await scene.life.idle();
    const other = await scene.volume();
    await scene.call("POST", path, { volumeAttachment: { volumeId: other } });
    await scene.deleteServer(id);
  },

  async "a volume that grows in its guest, which lets go of it too late"(scene) {
    const id = await scene.server();
    const volume = await scene.volume();
    const path = `/compute/v2.1/servers/${id}/os-volume_attachments`;
    await scene.call("POST", path, { volumeAttachment: { volumeId: volume } });
    const extend = { "os-extend": { new_size: 2 } };
    await scene.call("POST", `/volume/v3/volumes/${volume}/action`, extend, { "openstack-api-version": "volume 3.42" });
    scene.there(`/volume/v3/volumes/${volume}`, ({ volume: { size } }) => (size === 2 ? null : `has ${size} GiB`));
    scene.world.hold = async (verb) => {
      if (verb.startsWith("detach")) throw new DriverError("timeout", "The instance does not let go of the device.");
    };
    await scene.call("DELETE", `${path}/${volume}`);
    assert.equal((await scene.begin("GET", `/volume/v3/volumes/${volume}`)).volume.status, "in-use");
    const cards = `/compute/v2.1/servers/${id}/os-interface`;
    const [{ port_id: card }] = (await scene.begin("GET", cards)).interfaceAttachments;
    await scene.call("DELETE", `${cards}/${card}`);
    scene.world.hold = async () => {};
    // Its next reset.
    scene.world.compute.letGo(id, { kind: "volume", id: volume });
    scene.world.compute.letGo(id, { kind: "interface", id: card });
    await scene.life.idle();
    assert.deepEqual((await scene.begin("GET", cards)).interfaceAttachments, []);
    scene.gone(`${cards}/${card}`);
    assert.equal((await scene.begin("GET", `/volume/v3/volumes/${volume}`)).volume.status, "available");
    scene.gone(`${path}/${volume}`);
    await scene.deleteServer(id);
  },

  async "volumes: made, grown, copied, put back, deleted"(scene) {
    const blank = await scene.volume();
    const fromImage = await scene.volume({ imageRef: scene.base.imageId });
    const clone = await scene.volume({ source_volid: blank });
    const snapshot = { snapshot: { volume_id: blank } };
    const { snapshot: taken } = await scene.begin("POST", "/volume/v3/snapshots", snapshot);
    scene.there(`/volume/v3/snapshots/${taken.id}`);
    await scene.life.idle();
    const { snapshot: second } = await scene.call("POST", "/volume/v3/snapshots", snapshot);
    const fromSnapshot = await scene.volume({ snapshot_id: taken.id });
    await scene.call("POST", `/volume/v3/volumes/${blank}/action`, { revert: { snapshot_id: second.id } });
    await scene.begin("DELETE", `/volume/v3/snapshots/${second.id}`);
    scene.gone(`/volume/v3/snapshots/${second.id}`);
    await scene.life.idle();
    await scene.call("POST", "/volume/v3/types", { volume_type: { name: "other" } });
    await scene.call("POST", `/volume/v3/volumes/${blank}/action`, { "os-retype": { new_type: "other" } });
    scene.promise("the volume's new type", async (life) => {
      const { status, body } = await life.request("GET", `/volume/v3/volumes/${blank}`);
      return status === 404 || body.volume.volume_type === "other" ? null : `is ${body.volume.volume_type}`;
    });
    await scene.call("POST", `/volume/v3/volumes/${fromImage}/action`, { "os-extend": { new_size: 2 } });
    scene.mayGo(`/volume/v3/snapshots/${taken.id}`);
    for (const id of [clone, fromSnapshot, `${blank}?cascade=true`]) {
      await scene.begin("DELETE", `/volume/v3/volumes/${id}`);
      scene.gone(`/volume/v3/volumes/${id.split("?")[0]}`);
      await scene.life.idle();
    }
  },

  async "a volume becomes an image"(scene) {
    const id = await scene.volume();
    const { "os-volume_upload_image": made } = await scene.call("POST", `/volume/v3/volumes/${id}/action`, {
      "os-volume_upload_image": { image_name: "v", disk_format: "raw", container_format: "bare" },
    });
    const { status } = await scene.begin("GET", `/image/v2/images/${made.image_id}`);
    assert.equal(status, "active");
    scene.there(`/image/v2/images/${made.image_id}`);
  },

  async "images uploaded, imported, deleted"(scene) {
    const uploaded = await scene.image();
    const body = { name: "staged", disk_format: "raw", container_format: "bare" };
    const { id } = await scene.begin("POST", "/image/v2/images", body);
    await scene.begin("PUT", `/image/v2/images/${id}/stage`, "staged bytes");
    scene.promise("staged data", async (life) => {
      const { body: now } = await life.request("GET", `/image/v2/images/${id}`);
      if (now.status === "uploading") return null;
      const data = await life.request("GET", `/image/v2/images/${id}/file`);
      return data.body === "staged bytes" ? null : `image is ${now.status}`;
    });
    await scene.begin("POST", `/image/v2/images/${id}/import`, { method: { name: "glance-direct" } });
    scene.promise("import", async (life) => {
      const { body: now } = await life.request("GET", `/image/v2/images/${id}`);
      return now.status === "active" ? null : `image is ${now.status}`;
    });
    await scene.life.idle();
    await scene.begin("DELETE", `/image/v2/images/${uploaded}`);
    scene.gone(`/image/v2/images/${uploaded}`);
  },

  async "a stack: made, changed in place and by replacement, deleted"(scene) {
    const { projects } = await scene.begin("GET", "/identity/v3/auth/projects");
    const heat = `/heat-api/v1/${projects[0].id}/stacks`;
    const network = { get_resource: "net" };
    const template = (more: Json, salt: string) => ({
      heat_template_version: "2018-08-31",
      resources: {
        net: { type: "OS::Neutron::Net" },
        subnet: { type: "OS::Neutron::Subnet", properties: { network, cidr: "10.8.0.0/24" } },
        port: { type: "OS::Neutron::Port", depends_on: "subnet", properties: { network } },
        random: { type: "OS::Heat::RandomString", properties: { salt } },
        group: {
          type: "OS::Heat::ResourceGroup",
          properties: { count: 2, resource_def: { type: "OS::Neutron::SecurityGroup" } },
        },
        handle: { type: "OS::Heat::WaitConditionHandle", properties: { signal_transport: "NO_SIGNAL" } },
        waited: { type: "OS::Heat::WaitCondition", properties: { handle: { get_resource: "handle" }, timeout: 9000 } },
        renewed: { type: "OS::Heat::UpdateWaitConditionHandle" },
        ...more,
      },
    });
    const volume = { type: "OS::Cinder::Volume", properties: { size: 1 } };
    const made = await scene.begin("POST", heat, { stack_name: "st", template: template({}, "a") });
    const path = `${heat}/st/${made.stack.id}`;
    const rests = (after: string) =>
      scene.promise(`the stack rests after its ${after}`, async (life) => {
        const { status, body } = await life.request("GET", path);
        const state = body.stack?.stack_status ?? `answered ${status}`;
        return state.endsWith("_COMPLETE") ? null : `${state}: ${body.stack?.stack_status_reason}`;
      });
    rests("create");
    await scene.life.idle();
    await scene.begin("PUT", path, { template: template({ volume }, "b") });
    rests("update");
    await scene.life.idle();
    await scene.begin("DELETE", path);
    scene.promise("nothing is left of the stack", async (life) => {
      const { body } = await life.request("GET", path);
      if (body.stack?.stack_status !== "DELETE_COMPLETE") return `${body.stack?.stack_status}`;
      const left: string[] = [];
      for (const kind of ["networks", "ports", "security-groups"]) {
        const found: Json[] = Object.values((await life.request("GET", `${NET}/${kind}`)).body)[0] as Json[];
        left.push(...found.filter(({ name }) => name.startsWith("st-")).map(({ name }) => name));
      }
      const accounts =
        "SELECT name FROM identity_users WHERE name LIKE 'st-%' UNION SELECT name FROM identity_projects WHERE description = 'Heat stack user project'";
      left.push(
        ...life.cloud.kernel.db
          .prepare<[], { name: string }>(accounts)
          .all()
          .map(({ name }) => name),
      );
      return left.length === 0 ? null : `left: ${left.join(", ")}`;
    });
    await scene.life.idle();
  },

  async "networks, routers, floating addresses, rules"(scene) {
    const { externalId, routerId, networkId } = scene.base;
    const one = async (path: string, key: string, body: Record<string, unknown>) => {
      const made = (await scene.begin("POST", `${NET}/${path}`, { [key]: body }))[key];
      scene.there(`${NET}/${path}/${made.id}`);
      await scene.life.idle();
      return made.id as string;
    };
    const remove = async (path: string) => {
      await scene.begin("DELETE", `${NET}/${path}`);
      scene.gone(`${NET}/${path}`);
      await scene.life.idle();
    };
    const server = await scene.server();
    const { ports } = await scene.begin("GET", `${NET}/ports?device_id=${server}`);
    const fip = await one("floatingips", "floatingip", { floating_network_id: externalId, port_id: ports[0].id });
    const network = await one("networks", "network", { name: "more" });
    const subnet = await one("subnets", "subnet", { network_id: network, ip_version: 4, cidr: "10.7.0.0/24" });
    const router = await one("routers", "router", { name: "r" });
    await scene.call("PUT", `${NET}/routers/${router}/add_router_interface`, { subnet_id: subnet });
    await scene.call("PUT", `${NET}/routers/${router}/remove_router_interface`, { subnet_id: subnet });
    const group = await one("security-groups", "security_group", { name: "g" });
    const rule = { security_group_id: group, direction: "ingress", protocol: "tcp", ethertype: "IPv4" };
    scene.mayGo(`${NET}/security-group-rules/${await one("security-group-rules", "security_group_rule", rule)}`);
    scene.mayGo(`${NET}/subnets/${subnet}`);
    await scene.call("PUT", `${NET}/ports/${ports[0].id}`, { port: { security_groups: [group] } });
    await remove(`floatingips/${fip}`);
    await remove(`routers/${router}`);
    await remove(`networks/${network}`);
    await scene.deleteServer(server);
    await remove(`security-groups/${group}`);
    assert.ok(routerId !== "" && networkId !== "");
  },
};

export type { Answer };
