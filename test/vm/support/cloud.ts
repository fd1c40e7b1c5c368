import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient, type Body } from "../../../src/bootstrap/api-client.ts";
import { testSettings } from "../../support/settings.ts";
import type { Machine } from "./machine.ts";

export const IMAGE = "cirros-0.6.3-x86_64-disk";

/** The cloud inside a machine, by its API, as seen from here. */
export function login(machine: Machine, user = "demo", project = "demo"): Promise<ApiClient> {
  const api = { baseUrl: machine.api };
  const identity = { authUrl: `${machine.api}/identity` };
  return ApiClient.login(testSettings({ api, identity, passwords: { admin: "secret" } }), user, project);
}

/** Polls a resource until it is in one of the states; Throws when it is in `error` instead, or too late. */
export async function settled(
  what: string,
  read: () => Promise<Body>,
  states: readonly string[],
  seconds = 600,
): Promise<Body> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await read();
    const status = String(value.status);
    if (states.includes(status)) return value;
    if (/^error/i.test(status)) throw new Error(`${what} is in error: ${JSON.stringify(value.fault ?? value)}`);
    if (Date.now() > deadline) throw new Error(`${what} is ${status} after ${seconds} s`);
    await sleep(1000);
  }
}

export const server = (api: ApiClient, id: string) => async (): Promise<Body> =>
  (await api.get(`/compute/v2.1/servers/${id}`)).server;

/** A guest in the seeded private network, with a floating IP that answers pings. */
export async function bootGuest(api: ApiClient, name: string): Promise<{ id: string; address: string }> {
  const networks = (await api.get("/networking/v2.0/networks")).networks as Body[];
  const idOf = (wanted: string): string => networks.find((network) => network.name === wanted)?.id;
  const [group] = (await api.get("/networking/v2.0/security-groups?name=default")).security_groups;
  for (const more of [{ protocol: "icmp" }, { protocol: "tcp", port_range_min: 22, port_range_max: 22 }]) {
    const rule = { security_group_id: group.id, direction: "ingress", ...more };
    await api.post("/networking/v2.0/security-group-rules", { security_group_rule: rule });
  }
  const [image] = (await api.get(`/image/v2/images?name=${IMAGE}`)).images;
  const flavors = (await api.get("/compute/v2.1/flavors")).flavors as Body[];
  const flavorRef = flavors.find((flavor) => flavor.name === "m1.nano")?.id;
  const request = { name, imageRef: image.id, flavorRef, networks: [{ uuid: idOf("private") }] };
  const { id } = (await api.post("/compute/v2.1/servers", { server: request })).server;
  await settled(name, server(api, id), ["ACTIVE"]);
  const [port] = (await api.get(`/networking/v2.0/ports?device_id=${id}`)).ports;
  const floating = { floating_network_id: idOf("public"), port_id: port.id };
  const made = (await api.post("/networking/v2.0/floatingips", { floatingip: floating })).floatingip;
  return { id, address: made.floating_ip_address };
}

/** The guest answers pings and shows its SSH server's greeting; emulated twice over, it takes minutes. */
export async function reachable(machine: Machine, address: string): Promise<void> {
  await machine.must(
    `for i in $(seq 300); do ping -c1 -W2 ${address} >/dev/null && exit 0; sleep 1; done; exit 1`,
    900,
  );
  const greeting = `timeout 20 bash -c 'head -c 4 < /dev/tcp/${address}/22'`;
  await machine.must(`for i in $(seq 600); do [ "$(${greeting})" = SSH- ] && exit 0; sleep 1; done; exit 1`, 900);
}
