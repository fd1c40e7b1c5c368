import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../control/client.ts";
import { osRelease } from "../../host/facts.ts";
import { messageOf } from "../../kernel/errors.ts";
import { VERSION } from "../../version.ts";
import type { StackContext } from "../stack.ts";
import type { Examined } from "./finding.ts";
import { knownSecrets, redact } from "./redact.ts";

const LOG_BYTES = 64 * 1024;

/** The commands whose output tells most about a host; the second list is asked inside the box. */
const ON_HOST: readonly (readonly [string, ...string[]])[] = [
  ["ip", "-br", "address"],
  ["ip", "route"],
  ["ip", "netns", "list"],
  ["iptables-save"],
  ["nft", "list", "ruleset"],
  ["losetup", "-a"],
  ["ss", "-Hltnp"],
  ["df", "-h"],
  ["free", "-m"],
  ["qemu-img", "--version"],
  ["libvirtd", "--version"],
];
const IN_BOX: readonly (readonly [string, ...string[]])[] = [
  ["ip", "-br", "address"],
  ["ip", "route"],
  ["iptables-save"],
  ["nft", "list", "ruleset"],
];

/**
 * Everything a bug report needs in one text file (0600): versions, settings, findings, ledger, status, network, the ends of all
 * logs. Passwords, tokens, keys and user data are taken out; the database is not in it.
 */
export async function writeBundle(path: string, context: StackContext, areas: readonly Examined[]): Promise<void> {
  const { settings, exec, host } = context;
  const parts: string[] = [];
  const section = (title: string, text: string) => parts.push(`===== ${title}\n${text.trimEnd()}\n`);
  const { passwords: _passwords, ...plain } = settings;

  section("tenrec", `${VERSION}, ${new Date().toISOString()}, node ${process.version}`);
  section("system", `${(await osRelease()).name}, kernel ${release()}, ${process.arch}`);
  section("findings", JSON.stringify(areas, null, 1));
  section("settings (without passwords)", JSON.stringify(plain, null, 1));
  if (settings.configFile !== null && existsSync(settings.configFile))
    section(settings.configFile, readFileSync(settings.configFile, "utf8"));
  section("health", await healthText(settings.dataDir));
  if (host !== null) {
    const rows = host.ledger.list().map(({ details, ...row }) => JSON.stringify({ ...row, details }));
    section("ledger", rows.join("\n"));
    const capture = async (netns: string | null, [command, ...args]: readonly [string, ...string[]]) => {
      const title = `${netns === null ? "" : `(${netns}) `}${[command, ...args].join(" ")}`;
      const options = { netns, allowFailure: true, timeout: 10_000 };
      const text = await exec.run(command, args, options).then(({ stdout, stderr }) => stdout + stderr, messageOf);
      section(title, text);
    };
    for (const words of ON_HOST) await capture(null, words);
    for (const words of IN_BOX) await capture(host.box.netns, words);
  }
  for (const directory of [settings.logging.dir, ...(host === null ? [] : [host.libvirtd.layout.log])])
    for (const file of logsIn(directory)) section(`end of ${file}`, tail(file));

  writeFileSync(path, redact(parts.join("\n"), knownSecrets(settings)), { mode: 0o600 });
}

async function healthText(dataDir: string): Promise<string> {
  try {
    return JSON.stringify(await new ControlClient(dataDir, 10_000).health(), null, 1);
  } catch (error) {
    return messageOf(error);
  }
}

function logsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => /\.(log|out)$/.test(name))
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

function tail(path: string): string {
  const text = readFileSync(path);
  const end = text.subarray(Math.max(0, text.length - LOG_BYTES)).toString("utf8");
  // The first line is cut where the text was.
  return text.length > LOG_BYTES ? end.slice(end.indexOf("\n") + 1) : end;
}
