import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../kernel/config/settings.ts";
import { messageOf } from "../kernel/errors.ts";
import { ApiCallFailed, ApiClient, type Body } from "./api-client.ts";
import { findWith } from "./next-commands.ts";
import type { Step } from "./steps.ts";

const BOOT_DEADLINE_MS = 180_000;

interface Made {
  client: ApiClient | null;
  serverId: string | null;
  floatingIp: { id: string; address: string } | null;
  groupId: string | null;
}

/**
 * Proves that guests of this cloud are reachable: boots one as demo, gives it a floating IP, and waits for its SSH server to
 * answer there. What it made is removed at the end, also after a failure.
 */
export function smokeSteps(settings: Settings): { steps: Step[]; cleanUp: () => Promise<void> } {
  const made: Made = { client: null, serverId: null, floatingIp: null, groupId: null };
  const api = (): ApiClient => {
    if (made.client === null) throw new Error("not logged in");
    return made.client;
  };
  const name = `smoke-${Date.now().toString(36)}`;

  const login: Step = {
    name: "Log in as demo",
    plan: `ask ${settings.identity.authUrl} for a token`,
    async run() {
      made.client = await ApiClient.login(settings, "demo", "demo");
      return undefined;
    },
  };
  const boot = "Boot a guest";
  if (!settings.services.includes("compute")) {
    const plan = "nothing: a cloud without nova has no guests";
    const untried = { name: boot, plan, run: async () => "not tried: nova is not enabled in this cloud" };
    return { steps: [login, untried], cleanUp: async () => {} };
  }

  const steps: Step[] = [
    login,
    {
      name: boot,
      plan: "a security group that lets SSH in, and a server of the smallest flavor",
      async run(report) {
        made.groupId = (
          await api().post("/networking/v2.0/security-groups", { security_group: { name } })
        ).security_group.id;
        const rule = {
          security_group_id: made.groupId,
          direction: "ingress",
          protocol: "tcp",
          port_range_min: 22,
          port_range_max: 22,
        };
        await api().post("/networking/v2.0/security-group-rules", { security_group_rule: rule });
        const { image, network, flavor } = await findWith(settings, api());
        if (image === null) throw new Error("there is no image to boot; load one: openstack image create …");
        if (network === null) throw new Error("demo has no network with a subnet; make one, or run: tenrec stack");
        if (flavor === null) throw new Error(`no flavor is large enough for the image ${image.name}`);
        const server = {
          name,
          imageRef: image.id,
          flavorRef: flavor.id,
          networks: [{ uuid: network.id }],
          security_groups: [{ name }],
        };
        made.serverId = (await api().post("/compute/v2.1/servers", { server })).server.id;
        await waitForActive(api(), made.serverId ?? "", report);
        return undefined;
      },
    },
    {
      name: "Give it a floating IP",
      plan: `an address of ${settings.network.floatingRange}`,
      async run() {
        const { ports } = await api().get(`/networking/v2.0/ports?device_id=${made.serverId}`);
        const external = (await api().get("/networking/v2.0/networks?router%3Aexternal=true")).networks[0];
        if (external === undefined) throw new Error("there is no external network, so no guest can be reached");
        const floatingip = { floating_network_id: external.id, port_id: ports[0].id };
        const { floatingip: created } = await api().post("/networking/v2.0/floatingips", { floatingip });
        made.floatingIp = { id: created.id, address: created.floating_ip_address };
        return created.floating_ip_address;
      },
    },
  ];
  const reach = "Reach its SSH server";
  if (settings.virtDriver === "fake") {
    steps.push({
      name: reach,
      plan: "nothing: guests of VIRT_DRIVER=fake are rows of a table",
      run: async () => "not tried: guests of VIRT_DRIVER=fake have no SSH server",
    });
  } else {
    steps.push({
      name: reach,
      plan: "connect to port 22 of the floating IP until it says SSH-2.0",
      run: (report) => waitForSsh(made.floatingIp?.address ?? "", report),
    });
  }
  return { steps, cleanUp: () => cleanUp(made) };
}

async function waitForActive(api: ApiClient, id: string, report: (remark: string) => void): Promise<void> {
  const deadline = Date.now() + BOOT_DEADLINE_MS;
  while (Date.now() < deadline) {
    const { server }: Body = await api.get(`/compute/v2.1/servers/${id}`);
    if (server.status === "ACTIVE") return;
    if (server.status === "ERROR")
      throw new Error(`the guest is in ERROR: ${server.fault?.message ?? "without a reason"}`);
    report(`${server.status} ${server["OS-EXT-STS:task_state"] ?? ""}`);
    await sleep(200);
  }
  throw new Error(`the guest was not ACTIVE after ${BOOT_DEADLINE_MS / 1000} s`);
}

async function waitForSsh(address: string, report: (remark: string) => void): Promise<string> {
  const deadline = Date.now() + BOOT_DEADLINE_MS;
  let last = "nothing";
  while (Date.now() < deadline) {
    try {
      return await sshBanner(address);
    } catch (error) {
      last = messageOf(error);
      report(`${address}: ${last}`);
      await sleep(250);
    }
  }
  throw new Error(
    `${address} did not answer on port 22 within ${BOOT_DEADLINE_MS / 1000} s (last: ${last}). ` +
      "Look at: openstack console log show, and tenrec doctor",
  );
}

function sshBanner(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: 22, timeout: 3_000 });
    socket.once("data", (data) => {
      socket.destroy();
      // Its first line; servers send what they negotiate right behind it.
      const [banner = ""] = data.toString("latin1").split(/\r?\n/, 1);
      if (banner.startsWith("SSH-")) resolve(banner);
      else reject(new Error(`port 22 said ${JSON.stringify(banner.slice(0, 40))}`));
    });
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed before it spoke")));
  });
}

async function cleanUp(made: Made): Promise<void> {
  const { client, serverId, floatingIp, groupId } = made;
  if (client === null) return;
  if (floatingIp !== null) await client.delete(`/networking/v2.0/floatingips/${floatingIp.id}`);
  if (serverId !== null) {
    await client.delete(`/compute/v2.1/servers/${serverId}`);
    const deadline = Date.now() + BOOT_DEADLINE_MS;
    while ((await exists(client, `/compute/v2.1/servers/${serverId}`)) && Date.now() < deadline) await sleep(200);
  }
  if (groupId !== null) await client.delete(`/networking/v2.0/security-groups/${groupId}`);
}

async function exists(client: ApiClient, path: string): Promise<boolean> {
  try {
    await client.get(path);
    return true;
  } catch (error) {
    if (error instanceof ApiCallFailed && error.status === 404) return false;
    throw error;
  }
}
