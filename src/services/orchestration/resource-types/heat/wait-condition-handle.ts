import { isMap } from "../../values/python.ts";
import { clearSlot, makeSlot, takeSignals } from "../signal-objects.ts";
import {
  prepareSignal,
  requireTransport,
  shownSignal,
  signalUrl,
  signedUrl,
  TRANSPORTS,
  withUser,
} from "../signals.ts";
import { type Made, ResourceError, type ResourceType, type Run, type Values } from "../types.ts";

/** Names of the parts of a signal. */
interface Words {
  readonly data: string;
  readonly reason: string;
  readonly status: string;
  readonly id: string;
}
const HOT: Words = { data: "data", reason: "reason", status: "status", id: "id" };
const CFN: Words = { data: "Data", reason: "Reason", status: "Status", id: "UniqueId" };

/** The words of a type that can be waited for; null: it is none. */
export const wordsOf = (type: ResourceType): Words | null =>
  type === waitConditionHandle ? HOT : type === awsHandle || type === updateHandle ? CFN : null;

const invalid = () => new ResourceError("ValueError", "Metadata format invalid");

/** Keeps a signal under its id; what is said of it. Errors: ValueError. */
function keep(run: Run, sent: (signalNumber: number) => Values, words: Words): string {
  let said = "";
  run.changeMetadata((known) => {
    const signal = sent(Object.keys(known).length + 1);
    const names = Object.values(words);
    const isWhole = Object.keys(signal).length === names.length && names.every((name) => Object.hasOwn(signal, name));
    const status = signal[words.status];
    if (!isWhole || (status !== "SUCCESS" && status !== "FAILURE")) throw invalid();
    const { [words.id]: id, ...entry } = signal;
    said = `status:${String(status)} reason:${String(signal[words.reason])}`;
    return { ...known, [String(id)]: entry };
  });
  return said;
}

/** What is missing counts as a success; an unnamed signal has its number. */
function keepLoosely(run: Run, details: unknown): string {
  const given = isMap(details) ? details : {};
  if (!isMap(details) && details !== null && details !== undefined && details !== "") throw invalid();
  return keep(
    run,
    (number) => ({ reason: `Signal ${number} received`, data: null, id: number, status: "SUCCESS", ...given }),
    HOT,
  );
}

const transportOf = ({ properties }: Pick<Made, "properties">) => String((properties as Values).signal_transport);

/** Looks after signals that nobody brings here: those that lie in the object store, and those that need not come. */
export async function collect(run: Run): Promise<void> {
  const transport = transportOf(run);
  if (transport === "NO_SIGNAL") keepLoosely(run, {});
  if (transport === "TEMP_URL_SIGNAL") await takeSignals(run, (sent) => void keepLoosely(run, sent));
}

const text = { type: "string" } as const;

export const waitConditionHandle: ResourceType = {
  name: "OS::Heat::WaitConditionHandle",
  service: null,
  support: { version: "2014.2" },
  description: "What signals are sent to that a wait condition waits for.",
  className: "HeatWaitConditionHandle",
  properties: {
    signal_transport: {
      ...text,
      default: "TOKEN_SIGNAL",
      constraints: [{ allowed_values: [...TRANSPORTS, "TOKEN_SIGNAL"] }],
      description: "How guests send signals.",
    },
  },
  attributes: {
    token: { ...text, description: "A token to send signals with; null unless TOKEN_SIGNAL is used." },
    endpoint: { ...text, description: "Where signals go; null unless TOKEN_SIGNAL is used." },
    curl_cli: {
      ...text,
      description: "A command that sends a signal, but for --data-binary; null unless TOKEN_SIGNAL is used.",
    },
    signal: { ...text, description: "What a guest needs to send signals, as JSON." },
  },
  validate: ({ properties, has }) => requireTransport((properties as Values).signal_transport, has),
  async create(run) {
    const transport = transportOf(run);
    const id = run.user.make();
    if (transport === "TOKEN_SIGNAL" && run.data.endpoint === undefined) {
      run.setData("token", run.user.token());
      run.setData("endpoint", signalUrl(run, run.user.projectId));
    } else if (transport === "TEMP_URL_SIGNAL") {
      if (run.data.signal === undefined) run.setData("signal", { alarm_url: await makeSlot(run) });
    } else await prepareSignal(run, transport, "waitcondition");
    run.setPhysicalId(id);
  },
  ...withUser,
  async delete(run) {
    if (transportOf(run) === "TEMP_URL_SIGNAL") await clearSlot(run);
    run.user.delete();
  },
  signal: keepLoosely,
  attribute(made, name) {
    if (made.physicalId === null) return null;
    const { endpoint = null, token = null } = made.data;
    if (name === "signal") return shownSignal(made);
    if (name === "token") return token;
    if (name === "endpoint") return endpoint;
    if (name !== "curl_cli" || endpoint === null || token === null) return null;
    const headers = [`X-Auth-Token: ${token}`, "Content-Type: application/json", "Accept: application/json"];
    return `curl -i -X POST ${headers.map((header) => `-H '${header}'`).join(" ")} ${endpoint}`;
  },
};

const cfnHandle = {
  service: null,
  support: { version: "2014.1" },
  properties: {},
  attributes: {},
  create(run) {
    const id = run.user.make();
    signedUrl(run, "waitcondition");
    run.setPhysicalId(id);
  },
  ...withUser,
  signal(run, details) {
    if (details === null || details === undefined) return "";
    if (!isMap(details)) throw invalid();
    return keep(run, () => details, CFN);
  },
  reference: ({ physicalId, data, name }) => (physicalId === null ? name : (data.ec2_signed_url ?? name)),
} satisfies Partial<ResourceType>;

export const awsHandle: ResourceType = {
  name: "AWS::CloudFormation::WaitConditionHandle",
  description: "What signals are sent to that a wait condition waits for.",
  ...cfnHandle,
};

export const updateHandle: ResourceType = {
  name: "OS::Heat::UpdateWaitConditionHandle",
  description: "One that every update makes anew, so its signals have to be sent again.",
  ...cfnHandle,
  isRenewed: true,
};
