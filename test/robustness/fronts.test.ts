import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createWorld, type World } from "./support/world.ts";

/** The forms of paths and headers that clients paste together, as the fronts of the real services take them. */
describe("forms of URLs and version headers", () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.close());

  const get = (path: string, headers: Record<string, string> = {}) =>
    world.as("member", "GET", path, undefined, { accept: "application/json", ...headers });
  const status = async (path: string) => (await get(path)).status;

  test("two slashes are one, in every service, between host and service too", async () => {
    const { alpha } = world.projects;
    for (const path of [
      "/identity//v3/auth/projects",
      "/identity/v3//auth///projects",
      "/image//v2/images",
      "/image/v2//images",
      "/compute//v2.1//servers//detail",
      `/compute/v2.1//servers/${world.ids.server}`,
      `/volume//v3//${alpha}/volumes`,
      "/networking//v2.0//networks",
      `/networking/v2.0/networks//${world.ids.network}`,
      "//compute/v2.1/servers",
      "///networking//v2.0/ports",
    ]) {
      assert.equal(await status(path), 200, path);
    }
    const shown = await get(`/identity/v3//users//${world.ids.member}`);
    assert.match(shown.body.user.links.self, /\/identity\/v3\/users\/[0-9a-f]+$/);
  });

  test("a slash at the end is nothing to keystone and neutron, an empty id to the others", async () => {
    const { alpha } = world.projects;
    for (const path of ["/identity/v3/auth/projects/", "/networking/v2.0/networks/", "/networking/v2.0/"]) {
      assert.equal(await status(path), 200, path);
    }
    for (const path of [
      "/compute/v2.1/servers/",
      `/compute/v2.1/servers/${world.ids.server}/`,
      `/volume/v3/${alpha}/volumes/`,
      `/volume/v3/${alpha}/volumes/${world.ids.volume}/`,
      "/image/v2/images/",
      `/image/v2/images/${world.ids.image}/`,
    ]) {
      assert.equal(await status(path), 404, path);
    }
    for (const path of ["/compute/v2.1/", "/volume/v3/"]) assert.equal(await status(path), 200, path);
  });

  test(".json at the end is what cinder and neutron answer with, and part of the name elsewhere", async () => {
    const { alpha } = world.projects;
    for (const path of [
      `/volume/v3/${alpha}/volumes.json`,
      `/volume/v3/${alpha}/volumes/detail.json`,
      `/volume/v3/${alpha}/volumes/${world.ids.volume}.json`,
      `/volume/v3/${alpha}/types.json`,
      "/networking/v2.0/networks.json",
      `/networking/v2.0/networks/${world.ids.network}.json`,
      "/networking/v2.0/extensions.json",
      "/networking/v2.0/networks.json?limit=1",
    ]) {
      assert.equal(await status(path), 200, path);
    }
    for (const path of [
      "/compute/v2.1/servers.json",
      "/compute/v2.1/servers/detail.json",
      "/image/v2/images.json",
      "/identity/v3/projects.json",
    ]) {
      assert.equal(await status(path), 404, path);
    }
    const made = await world.as("member", "POST", "/networking/v2.0/networks.json", { network: { name: "suffixed" } });
    assert.equal(made.status, 201);
    assert.equal(
      (await world.as("member", "DELETE", `/networking/v2.0/networks/${made.body.network.id}.json`)).status,
      204,
    );
  });

  /** The version that an answer says it is of, or the status of a refusal. */
  const spoken = async (path: string, headers: Record<string, string>) => {
    const answer = await get(path, headers);
    return answer.status === 200 ? answer.headers.get("openstack-api-version") : answer.status;
  };
  const header = (value: string) => ({ "openstack-api-version": value });

  test("compute takes the last part of the header that names it in any case, and the older header", async () => {
    const path = "/compute/v2.1/servers";
    const latest = await spoken(path, header("compute latest"));
    for (const [value, version] of [
      ["compute 2.10", "compute 2.10"],
      ["Compute 2.10", "compute 2.10"],
      ["COMPUTE   2.10", "compute 2.10"],
      ["compute 2.10, volume 3.27", "compute 2.10"],
      ["volume 3.27,compute 2.10", "compute 2.10"],
      ["compute 2.10, compute 2.12", "compute 2.12"],
      ["volume 3.27", "compute 2.1"],
      ["compute", "compute 2.1"],
      ["compute latest", latest],
      ["compute LATEST", 400],
      ["compute 2.10 more", 400],
      ["compute 2", 400],
      ["compute 2.999", 406],
    ] as const) {
      assert.equal(await spoken(path, header(value)), version, value);
    }
    const old = (value: string) => ({ "x-openstack-nova-api-version": value });
    assert.equal(await spoken(path, old("2.15")), "compute 2.15");
    assert.equal(await spoken(path, old("2.10, 2.15")), "compute 2.15");
    assert.equal(await spoken(path, old("latest")), latest);
    assert.equal(await spoken(path, { ...old("2.15"), ...header("compute 2.10") }), "compute 2.10");
    assert.equal(await spoken(path, { ...old("2.15"), ...header("volume 3.27") }), "compute 2.15");
  });

  test("cinder takes the first part of the header with volume in it, and wants one", async () => {
    const path = `/volume/v3/${world.projects.alpha}/volumes`;
    const latest = await spoken(path, header("volume latest"));
    for (const [value, version] of [
      ["volume 3.27", "volume 3.27"],
      ["volumev3 3.27", "volume 3.27"],
      ["compute 2.10, volumev3 3.27", "volume 3.27"],
      ["volume 3.27, volume 3.40", "volume 3.27"],
      ["volumev3 latest", latest],
      ["volume LATEST", 400],
      ["VOLUME 3.27", 400],
      ["block-storage 3.27", 400],
      ["compute 2.10", 400],
      ["volume", 400],
      ["volume 3.999", 406],
    ] as const) {
      assert.equal(await spoken(path, header(value)), version, value);
    }
    // What needs 3.27 is there by either name.
    assert.equal((await get(`/volume/v3/${world.projects.alpha}/attachments`, header("volumev3 3.27"))).status, 200);
    assert.equal((await get(`/volume/v3/${world.projects.alpha}/attachments`, header("volume 3.26"))).status, 404);
  });

  test("placement takes its own name only", async () => {
    const ask = async (value: string) => {
      const answer = await world.as("admin", "GET", "/placement/resource_providers", undefined, header(value));
      return answer.status === 200 ? answer.headers.get("openstack-api-version") : answer.status;
    };
    assert.equal(await ask("placement 1.10"), "placement 1.10");
    assert.equal(await ask("compute 2.10, Placement 1.10"), "placement 1.10");
    assert.equal(await ask("compute 2.10"), "placement 1.0");
    assert.equal(await ask("placement Latest"), 400);
    assert.equal(await ask("placement 1.999"), 406);
  });
});
