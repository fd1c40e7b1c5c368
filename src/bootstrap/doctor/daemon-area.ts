import { ControlClient } from "../../control/client.ts";
import { type DaemonHealth, progressText } from "../../control/protocol.ts";
import type { Exec } from "../../host/types.ts";
import type { Settings } from "../../kernel/config/settings.ts";
import { messageOf } from "../../kernel/errors.ts";
import { groupedWarnings } from "../grouped-warnings.ts";
import { CERTIFICATE_WARNING } from "../tls/examine.ts";
import { trustOwnCloud } from "../tls/trust.ts";
import type { Examined, Finding } from "./finding.ts";
import { clockFinding } from "./machine-area.ts";
import { whoListens } from "./ports.ts";

const JUMP_MS = 5_000;
const API_TIMEOUT_MS = 5_000;
const STUCK_MS = 10 * 60_000;

/** The daemon, its database, and whether the API answers the way clients ask. */
export async function examineDaemon(exec: Exec, settings: Settings): Promise<Examined> {
  const name = "Daemon";
  const client = new ControlClient(settings.dataDir, 10_000);
  const findings: Finding[] = [];
  let health: DaemonHealth;
  try {
    if ((await client.statusOrNull()) === null) {
      findings.push(down(settings));
      await examinePort(exec, settings, findings);
      return { name, summary: "not running", findings };
    }
    health = await client.health();
  } catch (error) {
    findings.push({
      key: "daemon-hangs",
      severity: "error",
      what: `the daemon runs but does not answer: ${messageOf(error)}`,
      why: "it hangs, or its machine is overloaded",
      todo: "restart it; guests that run go on",
      repair: "daemon",
    });
    return { name, summary: "does not answer", findings };
  }
  judgeHealth(health, findings);
  await examineApi(settings, findings);
  const { pid, services } = health.status;
  return { name, summary: `pid ${pid}, ${services.length} services`, findings };
}

function down(settings: Settings): Finding {
  return {
    key: "daemon-down",
    severity: "error",
    what: "the daemon is not running",
    why: `no API answers; guests that run go on. Its last words are in ${settings.logging.dir}/daemon.out and tenrec.log`,
    todo: "start it: tenrec rejoin",
    repair: "daemon",
  };
}

async function examinePort(exec: Exec, settings: Settings, findings: Finding[]): Promise<void> {
  const holder = await whoListens(exec, settings.ports.api);
  if (holder === null) return;
  findings.push({
    key: `port-taken:${settings.ports.api}`,
    severity: "error",
    what: `port ${settings.ports.api} is taken by ${holder}`,
    why: "the daemon cannot start without its port",
    todo: "stop that program, or set API_PORT in local.conf",
    repair: null,
  });
}

/** What the daemon itself says about its database and its work. */
export function judgeHealth(health: DaemonHealth, findings: Finding[]): void {
  const { status, integrity, operations, clockDrift, problems } = health;
  if (integrity !== "ok")
    findings.push({
      key: "database-damaged",
      severity: "error",
      what: `the database is damaged: ${integrity.slice(0, 200)}`,
      why: "a failing disk, or somebody wrote into tenrec.db",
      todo: "keep a copy of tenrec.db, then try sqlite3's .recover; `tenrec stack --fresh` starts over",
      repair: null,
    });
  if (Math.abs(clockDrift) > JUMP_MS) findings.push(clockFinding(clockDrift));
  for (const { kind, resource, state, age } of operations) {
    if (age < STUCK_MS) continue;
    findings.push({
      key: `operation-stuck:${resource}`,
      severity: "warning",
      what: `${kind} of ${resource} has been ${state} for ${Math.round(age / 60_000)} minutes`,
      why: "a step waits for something that does not come",
      todo: "tenrec logs operations tells the step; restarting the daemon resumes or undoes it",
      repair: "daemon",
    });
  }
  if (status.progress.length > 0)
    findings.push({
      key: "coming-back",
      severity: "warning",
      what: `not everything is back since the start: ${progressText(status)}`,
      why: "the API is open; guests start as many at a time as the host bears, each after its network",
      todo: "wait; `tenrec status` shows how far it is",
      repair: null,
    });
  const warnings = status.warnings.filter(({ key }) => key !== CERTIFICATE_WARNING);
  for (const { key, message, hint } of [...groupedWarnings(warnings), ...problems])
    findings.push({ key, severity: "warning", what: message, why: "the daemon says so", todo: hint, repair: null });
}

async function examineApi(settings: Settings, findings: Finding[]): Promise<void> {
  const url = `${settings.identity.authUrl}/v3`;
  try {
    trustOwnCloud(settings);
  } catch {
    // The look at the certificate has told it.
    return;
  }
  let said: string | null = null;
  let refused = false;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(API_TIMEOUT_MS) });
    await response.arrayBuffer();
    if (!response.ok) said = `answers ${response.status}`;
  } catch (error) {
    const cause: NodeJS.ErrnoException | null =
      error instanceof Error && error.cause instanceof Error ? error.cause : null;
    said = cause?.message ?? messageOf(error);
    refused = isCertificateRefused(cause?.code ?? "");
  }
  if (said === null) return;
  if (refused) {
    findings.push({
      key: "certificate-shown",
      severity: "error",
      what: `${url} shows a certificate that clients refuse: ${said}`,
      why: "the daemon did not take up the one in the data directory, or another program has its port",
      todo: "let the daemon look at its certificate",
      repair: "certificate",
    });
    return;
  }
  findings.push({
    key: "api-unreachable",
    severity: "error",
    what: `${url}: ${said}`,
    why: "the daemon runs, but clients do not reach it: it has only just started, HOST_IP is no longer this host's, or a firewall is in the way",
    todo: "look again in a few seconds; compare HOST_IP with `ip address`, set it in local.conf and run tenrec stack",
    repair: null,
  });
}

/** OpenSSL's words for what is wrong with a chain, and Node's for a name. */
const isCertificateRefused = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|INVALID_CA/.test(code);
