import { type MimePart, mimeMessage, mimeParts } from "../values/mime.ts";
import { credentials } from "./signals.ts";
import { ResourceError, type Run, type Values, type Wanted } from "./types.ts";

/** How a server learns what it is to run: heat/engine/resources/server_base.py. */

const transportOf = ({ properties }: Pick<Run, "properties">) =>
  String((properties as Values).software_config_transport);

/** Errors: 400 for the transport of a service that this cloud does not have. */
export function requireTransportOf({ properties }: Pick<Wanted, "properties">): void {
  const transport = (properties as Values).software_config_transport;
  const missing = transport === "ZAQAR_MESSAGE" ? "zaqar" : transport === "POLL_TEMP_URL" ? "swift" : null;
  if (missing === null) return;
  // What lies in the object store would have to follow each deployment.
  throw new ResourceError(
    "NotSupported",
    `software_config_transport ${String(transport)} (${missing}) is not supported.`,
  );
}

/** Puts into the resource's metadata where its server is to ask, and for what there is. `collectors`: where else its agent looks. */
export async function tellServer(run: Run, collectors: readonly string[]): Promise<void> {
  const { key, settings } = await collectorOf(run);
  run.changeMetadata((now) => {
    const before = (now["os-collect-config"] ?? {}) as Values;
    // Those of another transport are taken back.
    const others = Object.entries(before).map(([name, value]): [string, unknown] => [
      name,
      ["heat", "zaqar", "cfn", "request"].includes(name) ? emptied(value) : value,
    ]);
    return {
      ...now,
      deployments: now.deployments ?? [],
      "os-collect-config": {
        ...Object.fromEntries(others),
        [key]: settings,
        collectors: [...collectors, key, "local"],
      },
    };
  });
}

const emptied = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.fromEntries(Object.keys(value).map((name) => [name, null]))
    : value;

async function collectorOf(run: Run): Promise<{ key: string; settings: Values }> {
  const { stack, name, user, places, region } = run;
  switch (transportOf(run)) {
    case "POLL_SERVER_HEAT": {
      const { user_id, password, auth_url, project_id } = await credentials(run);
      const of = { stack_id: `${stack.name}/${stack.id}`, resource_name: name, region_name: region };
      return { key: "heat", settings: { user_id, password, auth_url, project_id, ...of } };
    }
    default: {
      const { access, secret } = user.key();
      return {
        key: "cfn",
        settings: {
          metadata_url: `${places.cfn}/`,
          access_key_id: access,
          secret_access_key: secret,
          stack_name: stack.name,
          path: `${name}.Metadata`,
        },
      };
    }
  }
}

/** Writes what heat's own tools in a guest look for, where cloud-init comes upon it. */
const PART_HANDLER = `#part-handler
import os

PLACE = "/var/lib/heat-cfntools"


def list_types():
    return ["text/x-cfninitdata"]


def handle_part(data, ctype, filename, payload):
    if ctype in ("__begin__", "__end__"):
        return
    os.makedirs(PLACE, mode=0o700, exist_ok=True)
    mode = "wb" if isinstance(payload, bytes) else "w"
    path = os.path.join(PLACE, filename)
    with open(path, mode) as out:
        out.write(payload)
    if filename == "cfn-userdata":
        os.chmod(path, 0o700)
`;

/** The user data of a server whose software is set up by its agent: what it is given, and where to ask. */
export function softwareUserData(run: Run, userData: string): string {
  const own: MimePart[] =
    mimeParts(userData) ?? (userData === "" ? [] : [{ content: userData, subtype: "plain", filename: null }]);
  const parts: MimePart[] = [
    { content: PART_HANDLER, subtype: "part-handler", filename: "part-handler.py" },
    ...own,
    { content: JSON.stringify(run.metadata), subtype: "x-cfninitdata", filename: "cfn-init-data" },
    { content: `${run.places.cfn}/`, subtype: "x-cfninitdata", filename: "cfn-metadata-server" },
  ];
  return mimeMessage(parts, run.id);
}
