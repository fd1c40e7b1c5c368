import type { Schema } from "../../language/schema.ts";
import { pythonJson } from "../../values/python.ts";
import { type Made, ResourceError, type ResourceType, type Run, type Sibling, type Values } from "../types.ts";
import { collect, waitConditionHandle, wordsOf } from "./wait-condition-handle.ts";

/** In the spelling of the two dialects. */
interface Names {
  readonly handle: string;
  readonly timeout: string;
  readonly count: string;
  readonly data: string;
}

const valueError = (message: string) => new ResourceError("ValueError", message);

/** heat/engine/resources/openstack/heat/wait_condition.py */
function waiting(names: Names, seconds: "number" | "integer") {
  const handleOf = ({ sibling, properties }: Made) => sibling((properties as Values)[names.handle]);
  /** Errors: ValueError for what is no handle. */
  const required = (run: Run): Sibling & { words: NonNullable<ReturnType<typeof wordsOf>> } => {
    const handle = handleOf(run);
    const words = handle === null ? null : wordsOf(handle.type);
    if (handle !== null && words !== null) return { ...handle, words };
    const said = handle?.run.name ?? String((run.properties as Values)[names.handle]);
    throw valueError(`${said} is not a valid wait condition handle.`);
  };
  const isDone = async (run: Run): Promise<boolean> => {
    const { run: handle, type, words } = required(run);
    const { [names.count]: count, [names.timeout]: timeout } = run.properties as Values;
    if (type === waitConditionHandle) await collect(handle);
    const signals = Object.values(handle.metadata) as Values[];
    const reasons = (status: string) =>
      signals.filter((signal) => signal[words.status] === status).map((signal) => String(signal[words.reason]));
    if (run.now() - run.startedAt > Number(timeout) * 1000) {
      const came = reasons("SUCCESS");
      const said = came.length === 0 ? "" : ` - ${came.join(";")}`;
      throw new ResourceError("WaitConditionTimeout", `${came.length} of ${count} received${said}`);
    }
    if (signals.some((signal) => signal[words.status] !== "SUCCESS"))
      throw new ResourceError("WaitConditionFailure", reasons("FAILURE").join(";"));
    return signals.length >= Number(count);
  };
  const properties: Record<string, Schema> = {
    [names.handle]: { type: "string", required: true, description: "The handle that signals are sent to." },
    [names.timeout]: {
      type: seconds,
      required: true,
      constraints: [{ range: { min: 1, max: 43_200 } }],
      description: "How many seconds to wait.",
    },
    [names.count]: {
      type: "integer",
      default: 1,
      update_allowed: true,
      constraints: [{ range: { min: 1 } }],
      description: "How many signals of success it waits for.",
    },
  };
  return {
    service: null,
    properties,
    attributes: { [names.data]: { type: "string", description: "What signals brought, by their ids, as JSON." } },
    create: (run) => void required(run),
    isCreated: isDone,
    update: (run) => void required(run),
    isUpdated: isDone,
    delete: (run) => handleOf(run)?.run.setMetadata({}),
    attribute(made) {
      const handle = handleOf(made);
      const words = handle === null ? null : wordsOf(handle.type);
      if (handle === null || words === null) return "";
      const signals = Object.entries(handle.run.metadata) as [string, Values][];
      return pythonJson(Object.fromEntries(signals.map(([id, signal]) => [id, signal[words.data] ?? null])));
    },
  } satisfies Partial<ResourceType>;
}

export const waitCondition: ResourceType = {
  name: "OS::Heat::WaitCondition",
  support: { version: "2014.2" },
  description: "Is made once enough signals have come.",
  className: "HeatWaitCondition",
  ...waiting({ handle: "handle", timeout: "timeout", count: "count", data: "data" }, "number"),
};

export const awsWaitCondition: ResourceType = {
  name: "AWS::CloudFormation::WaitCondition",
  support: { version: "2014.1" },
  description: "Is made once enough signals have come.",
  ...waiting({ handle: "Handle", timeout: "Timeout", count: "Count", data: "Data" }, "integer"),
};
