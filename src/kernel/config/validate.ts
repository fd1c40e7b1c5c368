import type { Language } from "./language.ts";
import { blame, type Resolver } from "./resolve.ts";
import type { Settings, Transport } from "./settings.ts";
import type { VariableName } from "./variables.ts";

/** Checks values against each other; a value that is wrong by itself is reported already and takes no part. */
export function checkContradictions(language: Language, settings: Settings, r: Resolver): void {
  for (const { settings: declared } of language.declarations) declared?.check?.(settings, r);
  checkPorts(language, settings, r);
  checkCertificate(r);
  if (settings.api.ipVersion === 6 && settings.hostIpv6 === null) {
    r.problem("SERVICE_IP_VERSION", "SERVICE_IP_VERSION 6 needs an IPv6 address", "set HOST_IPV6");
  }
}

function checkPorts({ declarations }: Language, settings: Settings, r: Resolver): void {
  if (!settings.ports.classic) return;
  const transportsOf = new Map<string, readonly Transport[]>(
    settings.listening.map(({ name, transports }) => [name, transports]),
  );
  const declared = declarations.flatMap(({ settings: one }) => Object.entries(one?.ports ?? {}));
  const variables = declared.flatMap(([name, { variable }]) =>
    (transportsOf.get(name) ?? []).map((transport) => ({ name: variable, transport })),
  );
  const seen = new Map<string, VariableName>();
  for (const { name, transport } of [{ name: "API_PORT", transport: "tcp" } as const, ...variables]) {
    const port = r.value(name);
    const place = `${transport} ${port}`;
    const other = seen.get(place);
    if (other === undefined || r.isWrong(name) || r.isWrong(other)) seen.set(place, name);
    else
      r.problem(
        blame(r, other, name),
        `${name} and ${other} are both port ${port}`,
        "give one of them another port, or set CLASSIC_PORTS=False",
      );
  }
}

/** DevStack wants all three, too. */
function checkCertificate(r: Resolver): void {
  const names = ["KEYSTONE_SSL_CERT", "KEYSTONE_SSL_KEY", "KEYSTONE_SSL_CA"] as const;
  const given = names.filter((name) => r.value(name) !== null);
  const [first] = given;
  if (first === undefined || given.length === names.length) return;
  const missing = names.filter((name) => !given.includes(name)).join(" and ");
  r.problem(first, `${given.join(" and ")} without ${missing}`, "a certificate of your own needs all three");
}
