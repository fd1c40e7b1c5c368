import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { missingRequirements, type Requirement } from "../host/packages.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { cloudsYaml, openrcExports, openrcVariables } from "./accounts.ts";
import { replaceFile } from "./files.ts";
import type { StackContext } from "./stack.ts";
import type { Step } from "./steps.ts";

const ACCOUNTS: readonly [user: string, project: string][] = [
  ["admin", "admin"],
  ["admin", "demo"],
  ["demo", "demo"],
  ["demo", "invisible_to_admin"],
  ["alt_demo", "alt_demo"],
];

/** Not installed by stack: people may have their own, of another version, or work from another machine. */
const CLIENT: Requirement = { command: "openstack", package: "python3-openstackclient", why: "using the cloud" };

export const cloudsYamlPath = (settings: Settings): string => join(settings.dataDir, "clouds.yaml");

/** clouds.yaml and DevStack's accrc/ files, readable only by the user who stacked: they hold the password. */
export function clientFilesStep({ settings, setup, outcome }: StackContext): Step {
  return {
    name: "Write openrc and clouds.yaml",
    plan: `write ${cloudsYamlPath(settings)}${setup === null ? "" : ", and /etc/openstack/clouds.yaml if there is none"}`,
    async run() {
      const yaml = cloudsYaml(settings);
      replaceFile(cloudsYamlPath(settings), yaml);
      const accrc = join(settings.dataDir, "accrc");
      for (const [user, project] of ACCOUNTS) {
        mkdirSync(join(accrc, project), { recursive: true, mode: 0o700 });
        replaceFile(join(accrc, project, user), openrcExports(openrcVariables(settings, user, project)));
      }
      if ((await missingRequirements([CLIENT])).length > 0)
        outcome.notes.push(`the openstack client is not installed here\n  apt-get install ${CLIENT.package}`);
      const shared = await setup?.writeCloudsYaml(yaml);
      return shared ?? cloudsYamlPath(settings);
    },
  };
}
