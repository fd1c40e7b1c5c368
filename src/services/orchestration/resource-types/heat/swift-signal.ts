import { pythonJson } from "../../values/python.ts";
import { clearSlot, makeSlot, signalsAt } from "../signal-objects.ts";
import { type Made, ResourceError, type ResourceType, type Values } from "../types.ts";

/** heat/engine/resources/openstack/heat/swiftsignal.py: signals are put into the object store, and looked at there. */

const service = { name: "object-store", client: "swift" } as const;
const text = { type: "string" } as const;

export const swiftSignalHandle: ResourceType = {
  name: "OS::Heat::SwiftSignalHandle",
  service,
  support: { version: "2014.2" },
  description: "A signed URL that signals are put to.",
  properties: {},
  attributes: {
    token: { ...text, description: "Empty: nothing is needed but the URL." },
    endpoint: { ...text, description: "The URL." },
    curl_cli: { ...text, description: "A command that sends a signal, but for --data-binary." },
  },
  async create(run) {
    if (run.data.endpoint === undefined) run.setData("endpoint", await makeSlot(run));
    run.setPhysicalId(run.physicalName());
  },
  delete: clearSlot,
  reference: ({ data, name }) => data.endpoint ?? name,
  attribute({ data, physicalId }, name) {
    if (physicalId === null) return null;
    if (name === "token") return "";
    if (name === "endpoint") return data.endpoint ?? null;
    return name === "curl_cli" ? `curl -i -X PUT '${String(data.endpoint)}'` : null;
  },
};

interface Signal {
  readonly id: string;
  readonly data: unknown;
  readonly reason: string;
  readonly status: unknown;
}

/** Of several with one id the last. */
async function signalsOf(made: Made): Promise<Signal[]> {
  const object = objectOf(made);
  const signals = new Map<string, Signal>();
  for (const { signal } of await signalsAt(made, object)) {
    const id = String(signal.id ?? signals.size + 1);
    const { data = null, reason = `Signal ${id} received`, status = "SUCCESS" } = signal as Values;
    signals.delete(id);
    signals.set(id, { id, data, reason: String(reason), status });
  }
  return [...signals.values()];
}

/** The object in a handle's URL. Errors: ValueError for another stack's, or what is none. */
function objectOf({ properties, stack }: Made): string {
  const { handle } = properties as Values;
  const path = URL.canParse(String(handle)) ? new URL(String(handle)).pathname : String(handle);
  const [, account, container, object] = /\/v1\/([^/]+)\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const wrong = (part: string) =>
    new ResourceError("ValueError", `"${path}" is not a valid SwiftSignalHandle.  The ${part} is invalid`);
  if (account?.endsWith(stack.projectId) !== true || object === undefined) throw wrong("Swift TempURL path");
  if (container !== stack.id) throw wrong("container name");
  return decodeURIComponent(object);
}

export const swiftSignal: ResourceType = {
  name: "OS::Heat::SwiftSignal",
  service,
  support: { version: "2014.2" },
  description: "Is made once enough signals have been put to a handle's URL.",
  properties: {
    handle: { ...text, required: true, description: "The handle's URL." },
    timeout: {
      type: "number",
      required: true,
      constraints: [{ range: { min: 1, max: 43_200 } }],
      description: "How many seconds to wait.",
    },
    count: {
      type: "integer",
      default: 1,
      constraints: [{ range: { min: 1, max: 1000 } }],
      description: "How many signals of success it waits for.",
    },
  },
  attributes: { data: { ...text, description: "What signals brought, by their ids, as JSON." } },
  create: (run) => void objectOf(run),
  async isCreated(run) {
    const { count, timeout } = run.properties as Values;
    const signals = await signalsOf(run);
    const reasons = (status: string) => signals.filter((one) => one.status === status).map(({ reason }) => reason);
    if (run.now() - run.startedAt > Number(timeout) * 1000) {
      const came = reasons("SUCCESS");
      const said = came.length === 0 ? "" : ` - ${came.join(";")}`;
      throw new ResourceError("SwiftSignalTimeout", `${came.length} of ${count} received${said}`);
    }
    const failures = reasons("FAILURE");
    if (failures.length > 0) throw new ResourceError("SwiftSignalFailure", failures.join(";"));
    const odd = signals.find(({ status }) => status !== "SUCCESS");
    if (odd !== undefined) throw new ResourceError("Error", `Unknown status: ${String(odd.status)}`);
    return signals.length >= Number(count);
  },
  async attribute(made) {
    const signals = await signalsOf(made);
    return pythonJson(signals.length === 0 ? null : Object.fromEntries(signals.map(({ id, data }) => [id, data])));
  },
};
