import { Command } from "commander";
import { isSeededUser, openrcExports, openrcVariables, PEOPLE } from "../bootstrap/accounts.ts";
import { settingsFor } from "../bootstrap/settings.ts";
import { type ConfigOption, configOption, examples } from "./options.ts";

export function openrcCommand(): Command {
  return new Command("openrc")
    .description("Print the variables of an account, to be eval'ed (or: source bin/openrc USER PROJECT)")
    .argument("[user]", "user name", "demo")
    .argument("[project]", "project name (default: the user's own, or demo)")
    .addOption(configOption())
    .addHelpText(
      "after",
      examples(
        `Accounts that stack makes: ${PEOPLE.join(", ")}.\nFor any other user the lines are the same with ADMIN_PASSWORD: set OS_PASSWORD yourself.`,
        [
          ['eval "$(tenrec openrc admin admin)"', "admin"],
          ['eval "$(tenrec openrc)"', "demo in demo"],
        ],
      ),
    )
    .action((user: string, project: string | undefined, options: ConfigOption) => {
      const { settings } = settingsFor({ file: options.config, write: false });
      // On standard error: standard output is for eval.
      if (!isSeededUser(user))
        process.stderr.write(
          `tenrec: ${user} is none of the accounts that stack makes (${PEOPLE.slice(0, 3).join(", ")}, …); if its password is not ADMIN_PASSWORD, set OS_PASSWORD\n`,
        );
      process.stdout.write(openrcExports(openrcVariables(settings, user, project ?? defaultProject(user))));
    });
}

/** DevStack's openrc says demo whatever the user; admin without a project is meant in its own. */
function defaultProject(user: string): string {
  if (user === "admin") return "admin";
  return user.startsWith("alt_demo") ? "alt_demo" : "demo";
}
