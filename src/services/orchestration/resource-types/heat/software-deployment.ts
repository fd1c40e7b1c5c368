import { ValidationFailed } from "../../language/mistakes.ts";
import type { Schema } from "../../language/schema.ts";
import { isMap, same } from "../../values/python.ts";
import { orGone } from "../asking.ts";
import { part } from "../nested.ts";
import { clearSlot, makeSlot, signalsAt } from "../signal-objects.ts";
import { credentials, requireTransport, signedUrl, TRANSPORTS } from "../signals.ts";
import { type KeptConfig, ResourceError, type ResourceType, type Run, replace, type Values } from "../types.ts";

/** heat/engine/resources/openstack/heat/software_deployment.py: a config that a server is to run, with values for its inputs. */

export const ACTIONS = ["CREATE", "UPDATE", "DELETE", "SUSPEND", "RESUME"] as const;
/** What every deployment tells, whatever its config's outputs. */
export const OUTPUTS = ["deploy_stdout", "deploy_stderr", "deploy_status_code"] as const;

interface Properties {
  readonly config: string | null;
  readonly server: string;
  readonly input_values: Values | null;
  readonly actions: readonly string[];
  readonly name: string | null;
  readonly signal_transport: string;
}

const of = ({ properties }: Pick<Run, "properties">) => properties as unknown as Properties;

interface Input extends Record<string, unknown> {
  readonly name: string;
  readonly value: unknown;
}

const EMPTY: KeptConfig = { name: null, group: null, config: null, inputs: [], outputs: [], options: {} };

/** Errors: 404 for a config that is not there. */
function sourceOf(run: Run): KeptConfig {
  const { config } = of(run);
  if (config === null || config === "") return EMPTY;
  const found = run.software.config(config);
  if (found === null) throw new ResourceError("NotFound", `Software config with id ${config} not found`);
  return found;
}

/** The inputs with their values, and what a guest needs to say how it went. */
async function inputsOf(run: Run, action: string, source: KeptConfig): Promise<Input[]> {
  const { input_values, server, signal_transport } = of(run);
  const given = new Map(Object.entries(input_values ?? {}));
  const declared = (source.inputs as Values[]).map((input): Input => {
    const name = String(input.name);
    const value = given.has(name) ? given.get(name) : (input.default ?? null);
    given.delete(name);
    return { type: "String", ...input, name, value };
  });
  const input = (name: string, value: unknown, description?: string): Input => ({
    name,
    type: "String",
    value,
    ...(description === undefined ? {} : { description }),
  });
  const undeclared = [...given].map(([name, value]) => input(name, value));
  const stack = `${run.stack.name}/${run.stack.id}`;
  return [
    ...declared,
    ...undeclared,
    input("deploy_server_id", server, "ID of the server being deployed to"),
    input("deploy_action", action, "Name of the current action being deployed"),
    input("deploy_stack_id", stack, "ID of the stack this deployment belongs to"),
    input("deploy_resource_name", run.name, "Name of this deployment resource in the stack"),
    input("deploy_signal_transport", signal_transport, "How the server should signal to heat with the output values."),
    ...(await signalInputs(run, signal_transport, input)),
  ];
}

async function signalInputs(
  run: Run,
  transport: string,
  input: (name: string, value: unknown, description?: string) => Input,
): Promise<Input[]> {
  const url = (value: string, verb: string) => [
    input("deploy_signal_id", value, "ID of signal to use for signaling output values"),
    input("deploy_signal_verb", verb, "HTTP verb to use for signaling output values"),
  ];
  if (transport === "CFN_SIGNAL") return url(signedUrl(run, "signal"), "POST");
  if (transport === "TEMP_URL_SIGNAL") return url(await makeSlot(run), "PUT");
  if (transport !== "HEAT_SIGNAL") return [];
  const { auth_url, username, user_id, password, project_id, region_name } = await credentials(run);
  return [
    input("deploy_auth_url", auth_url, "URL for API authentication"),
    input("deploy_username", username, "Username for API authentication"),
    input("deploy_user_id", user_id, "User ID for API authentication"),
    input("deploy_password", password, "Password for API authentication"),
    input("deploy_project_id", project_id, "ID of project for API authentication"),
    input("deploy_region_name", region_name, "Region name for API authentication"),
  ];
}

/** What is to be run, of the config and the values of its inputs. */
type Derive = (run: Run, config: unknown, inputs: readonly Input[]) => unknown;

const asItIs: Derive = (_run, config) => config ?? "";

function isTriggered(run: Run, action: string, source: KeptConfig): boolean {
  if (source.group !== "component") return of(run).actions.includes(action);
  const { configs } = source.config as { configs: readonly { actions: readonly string[] }[] };
  return configs.some(({ actions }) => actions.includes(action));
}

/** Has the config run for an action, where it is meant for that. */
async function trigger(run: Run, action: string, derive: Derive): Promise<void> {
  const source = sourceOf(run);
  if (!isTriggered(run, action, source)) return;
  const { name, server, signal_transport, input_values } = of(run);
  const inputs = await inputsOf(run, action, source);
  const waits = signal_transport !== "NO_SIGNAL";
  run.software.deploy({
    server,
    action,
    inputs: input_values ?? {},
    status: waits ? "IN_PROGRESS" : "COMPLETE",
    reason: waits ? "Deploy data available" : "Not waiting for outputs signal",
    config: {
      name: name ?? source.name ?? run.physicalName(),
      group: source.group ?? "Heat::Ungrouped",
      config: derive(run, source.config, inputs),
      inputs: inputs.map((input) => withoutDefaults(input)),
      outputs: source.outputs,
      options: source.options,
    },
  });
}

function withoutDefaults(input: Input): Values {
  const { replace_on_change, ...rest } = input;
  return { ...rest, ...(replace_on_change === true ? { replace_on_change } : {}) };
}

/** Errors: what the guest says went wrong. */
async function isDone(run: Run): Promise<boolean> {
  if (of(run).signal_transport === "TEMP_URL_SIGNAL") await look(run);
  const deployed = run.software.deployed();
  if (deployed === null || deployed.status === "COMPLETE") return true;
  if (deployed.status !== "FAILED") return false;
  throw new ResourceError("Error", `Deployment to server failed: ${deployed.status_reason}`);
}

/** The newest signal that lies in the object store and was not seen before. */
async function look(run: Run): Promise<void> {
  const seen = (run.data.taken as string[] | undefined) ?? [];
  const fresh = (await signalsAt(run)).filter(({ stamp }) => !seen.includes(stamp));
  const last = fresh.at(-1);
  if (last === undefined) return;
  run.together(() => {
    receive(run, last.signal);
    run.setData("taken", [...seen, ...fresh.map(({ stamp }) => stamp)]);
  });
}

/** What a signal brings becomes outputs; whether it is a failure, its status code and outputs that stand for errors say. */
function receive(run: Run, sent: unknown): string {
  const deployed = run.software.deployed();
  if (deployed?.status !== "IN_PROGRESS") return "";
  const details = isMap(sent) ? sent : {};
  const { outputs = [] } = run.software.config(deployed.config_id) ?? EMPTY;
  const values: Record<string, unknown> = { ...deployed.output_values };
  const reasons: string[] = [];
  const code = details.deploy_status_code;
  const failed = code !== undefined && code !== null && code !== "" && String(code) !== "0";
  if (failed) reasons.push(`deploy_status_code : Deployment exited with non-zero status code: ${String(code)}`);
  let said = failed ? `deployment ${deployed.id} failed (${String(code)})` : `deployment ${deployed.id} succeeded`;
  for (const { name, error_output } of outputs as { name: string; error_output?: boolean }[]) {
    if (!Object.hasOwn(details, name)) continue;
    values[name] = details[name];
    if (error_output !== true) continue;
    reasons.push(`${name} : ${String(details[name])}`);
    said = `deployment ${deployed.id} failed`;
  }
  for (const name of OUTPUTS) values[name] = details[name] ?? null;
  run.software.settle({
    output_values: values,
    status: reasons.length === 0 ? "COMPLETE" : "FAILED",
    status_reason: reasons.length === 0 ? "Outputs received" : reasons.join(", "),
  });
  return said;
}

function cancel(run: Run): void {
  const { status, output_values } = run.software.deployed() ?? { status: null, output_values: null };
  if (status !== "IN_PROGRESS") return;
  run.software.settle({ status: "FAILED", status_reason: "Deployment cancelled.", output_values });
}

async function serverExists(run: Run): Promise<boolean> {
  if (!run.has("compute")) return false;
  const params = { server_id: of(run).server };
  return (await orGone(() => run.call("compute", "servers:show", { params }))) !== null;
}

const text = { type: "string" } as const;

export const deploymentProperties = {
  config: { ...text, update_allowed: true, description: "The config to run." },
  server: { ...text, required: true, description: "The server to run it on." },
  input_values: { type: "map", update_allowed: true, description: "Values of the config's inputs." },
  actions: {
    type: "list",
    update_allowed: true,
    default: ["CREATE", "UPDATE"],
    constraints: [{ allowed_values: [...ACTIONS] }],
    description: "Which actions of the stack run it.",
  },
  name: { ...text, update_allowed: true, description: "By which the configs of a server are ordered." },
  signal_transport: {
    ...text,
    default: "CFN_SIGNAL",
    constraints: [{ allowed_values: [...TRANSPORTS] }],
    description: "How the server says how it went.",
  },
} as const satisfies Record<string, Schema>;

export const outputAttributes = {
  deploy_stdout: { ...text, description: "What it wrote." },
  deploy_stderr: { ...text, description: "What it wrote of errors." },
  deploy_status_code: { ...text, description: "The status it ended with." },
} as const;

function deployment(derive: Derive) {
  return {
    service: null,
    attributes: outputAttributes,
    takesPath: true,
    validate({ properties, has, declared }) {
      const { server, signal_transport } = properties as unknown as Properties;
      requireTransport(signal_transport, has);
      const on = typeof server === "string" ? declared(server) : null;
      const format = isMap(on?.properties) ? on.properties.user_data_format : undefined;
      if (on?.type !== "OS::Nova::Server" || format === "SOFTWARE_CONFIG" || typeof format === "object") return;
      throw new ValidationFailed(
        `Resource ${server}'s property user_data_format should be set to SOFTWARE_CONFIG since there are software deployments on it.`,
      );
    },
    async create(run) {
      if (run.physicalId === null) await trigger(run, "CREATE", derive);
    },
    isCreated: isDone,
    async update(run) {
      const before = run.software.deployed();
      const old = before === null ? null : run.software.config(before.config_id);
      const values = new Map(((old?.inputs ?? []) as Input[]).map(({ name, value }) => [name, value]));
      for (const input of await inputsOf(run, "UPDATE", sourceOf(run))) {
        if (input.replace_on_change !== true || !values.has(input.name)) continue;
        if (!same(values.get(input.name) ?? null, input.value ?? null)) throw replace();
      }
      await trigger(run, "UPDATE", derive);
    },
    isUpdated: isDone,
    suspend: (run) => trigger(run, "SUSPEND", derive),
    isSuspended: isDone,
    resume: (run) => trigger(run, "RESUME", derive),
    isResumed: isDone,
    async delete(run) {
      if (run.software.deployed() === null) return;
      // What an action before has begun is not waited for.
      cancel(run);
      try {
        await trigger(run, "DELETE", derive);
      } catch (error) {
        // Its config has gone already.
        if (!(error instanceof ResourceError && error.kind === "NotFound")) throw error;
      }
    },
    async isDeleted(run) {
      if (run.software.deployed()?.status === "IN_PROGRESS") {
        if ((await serverExists(run)) && !(await isDone(run))) return false;
      }
      run.software.remove();
      if (of(run).signal_transport === "TEMP_URL_SIGNAL") await clearSlot(run);
      run.user.delete();
      return true;
    },
    cancel,
    signal: receive,
    attribute(made, name, path) {
      const deployed = made.software.deployed();
      if (name === "show") return null;
      const { output_values = {} } = deployed ?? {};
      if (output_values !== null && Object.hasOwn(output_values, name)) return part(output_values[name] ?? null, path);
      return null;
    },
  } satisfies Partial<ResourceType>;
}

export const softwareDeployment: ResourceType = {
  name: "OS::Heat::SoftwareDeployment",
  support: { version: "2014.1" },
  description: "A config that a server runs.",
  properties: deploymentProperties,
  ...deployment(asItIs),
};

/** A value for each place that says `{get_input: name}`. Errors: one that is missing, where all are wanted. */
function filled(config: unknown, key: string, values: ReadonlyMap<string, unknown>, strict: boolean): unknown {
  if (Array.isArray(config)) return config.map((item) => filled(item, key, values, strict));
  if (!isMap(config)) return config;
  const entries = Object.entries(config);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && only[0] === key && typeof only[1] === "string") {
    if (strict && !values.has(only[1]))
      throw new ResourceError("UserParameterMissing", `The Parameter (${only[1]}) was not provided.`);
    return values.get(only[1]) ?? null;
  }
  return Object.fromEntries(entries.map(([name, inner]) => [name, filled(inner, key, values, strict)]));
}

export const structuredProperties = {
  input_key: { ...text, default: "get_input", description: "What stands for the value of an input." },
  input_values_validate: {
    ...text,
    default: "LAX",
    constraints: [{ allowed_values: ["LAX", "STRICT"] }],
    description: "Whether every input must have a value.",
  },
} as const satisfies Record<string, Schema>;

export const structuredDeployment: ResourceType = {
  name: "OS::Heat::StructuredDeployment",
  support: { version: "2014.1" },
  description: "A config that is data, with values in the places of its inputs, that a server gets.",
  properties: { ...deploymentProperties, ...structuredProperties },
  ...deployment((run, config, inputs) => {
    const { input_key, input_values_validate } = run.properties as Values;
    const values = new Map(inputs.map(({ name, value }) => [name, value]));
    return filled(config ?? {}, String(input_key), values, input_values_validate === "STRICT");
  }),
};
