import { isAbsolute, resolve } from "node:path";
import type { ServiceDeclaration } from "./declaration.ts";
import type { Language } from "./language.ts";
import { startOrder } from "./needs.ts";
import type { Resolver } from "./resolve.ts";
import type { ListeningPort, PortSettings, Settings } from "./settings.ts";
import { urlHost, withPort } from "./urls.ts";

interface BuildContext {
  readonly configFile: string | null;
  /** What relative paths are relative to. */
  readonly baseFolder: string;
  readonly explicit: readonly string[];
}

/** Lays the resolved values out as Settings: those of the cloud itself and each service's. */
export function buildSettings({ declarations, services }: Language, r: Resolver, context: BuildContext): Settings {
  const path = (text: string): string => (isAbsolute(text) ? resolve(text) : resolve(context.baseFolder, text));
  const enabledServices = r.enabledServices();
  const present = startOrder(services.present(enabledServices));
  const parts = declarations.map(({ settings }) => settings?.build(r, path));
  const settings: Settings = Object.assign(ownSettings(r, path, context), ...parts, {
    enabledServices,
    services: present.map(({ name }) => name),
    newDefaults: declarations.flatMap(({ name, settings: declared }) =>
      declared?.newDefaults !== undefined && r.value(declared.newDefaults) === true ? [name] : [],
    ),
    directories: [
      ...["DATA_DIR", "LOGDIR"],
      ...present.flatMap(({ settings: declared }) => declared?.directories ?? []),
    ].map((variable) => ({ variable, path: path(r.text(variable)) })),
    serviceAccounts: present.flatMap(({ accounts }) => accounts?.service ?? []),
  });
  const ports = { ...settings.ports, ...portsOf(declarations, r) };
  return { ...settings, ports, listening: listening(present, { ...settings, ports }) };
}

const portsOf = (declarations: readonly ServiceDeclaration[], r: Resolver): Partial<PortSettings> =>
  Object.fromEntries(
    declarations.flatMap(({ settings }) =>
      Object.entries(settings?.ports ?? {}).map(([name, { variable }]) => [name, r.value(variable)]),
    ),
  );

const TCP = ["tcp"] as const;

function listening(present: readonly ServiceDeclaration[], settings: Settings): ListeningPort[] {
  const declared = present.flatMap(({ settings: one }) => Object.entries(one?.ports ?? {}));
  return declared.flatMap(([key, { what, ifTaken, classic, transports = TCP, isOpen }]) => {
    const name = key as ListeningPort["name"];
    const isThere = (!classic || settings.ports.classic) && isOpen?.(settings) !== false;
    return isThere ? [{ name, port: settings.ports[name], transports, what, ifTaken }] : [];
  });
}

/** What is the cloud's own, whichever services it has. */
function ownSettings(r: Resolver, path: (text: string) => string, context: BuildContext) {
  const protocol = r.value("SERVICE_PROTOCOL");
  const logFile = r.value("LOGFILE");
  return {
    stackName: r.value("STACK_NAME"),
    configFile: context.configFile,
    hostIp: r.value("HOST_IP"),
    hostIpv6: r.value("HOST_IPV6"),
    hostIpInterface: r.value("HOST_IP_IFACE") ?? "",
    serviceHost: r.value("SERVICE_HOST"),
    listenAddress: r.value("SERVICE_LISTEN_ADDRESS"),
    regionName: r.value("REGION_NAME"),
    dest: path(r.value("DEST")),
    dataDir: path(r.value("DATA_DIR")),
    virtDriver: r.value("VIRT_DRIVER"),
    libvirtType: r.value("LIBVIRT_TYPE"),
    offline: r.value("OFFLINE"),
    force: r.value("FORCE"),
    serviceTimeout: r.value("SERVICE_TIMEOUT"),
    explicit: context.explicit,
    passwords: {
      admin: r.value("ADMIN_PASSWORD"),
      service: r.value("SERVICE_PASSWORD"),
    },
    ports: {
      api: r.value("API_PORT"),
      classic: r.value("CLASSIC_PORTS"),
    },
    api: {
      protocol,
      ownCertificate: ownCertificate(r, path),
      baseUrl: withPort(protocol, urlHost(r.value("SERVICE_HOST")), r.value("API_PORT")),
      ipVersion: r.value("SERVICE_IP_VERSION") === "6" ? (6 as const) : (4 as const),
      hostLinkRange: r.value("HOST_LINK_RANGE"),
      maxRequestBodySize: r.value("MAX_REQUEST_BODY_SIZE"),
    },
    logging: {
      file: logFile === null ? null : path(logFile),
      dir: path(r.value("LOGDIR")),
      days: r.value("LOGDAYS"),
      color: r.value("LOG_COLOR"),
      verbose: r.value("VERBOSE"),
      noTimestamp: r.value("VERBOSE_NO_TIMESTAMP"),
      timestampFormat: r.value("TIMESTAMP_FORMAT"),
      debug: r.value("ENABLE_DEBUG_LOG_LEVEL"),
      syslog: r.value("SYSLOG") ? { host: r.value("SYSLOG_HOST"), port: r.value("SYSLOG_PORT") } : null,
    },
    tuning: {
      ksm: r.value("ENABLE_KSM"),
      zswap: r.value("ENABLE_ZSWAP") ? { compressor: r.value("ZSWAP_COMPRESSOR"), pool: r.value("ZSWAP_ZPOOL") } : null,
    },
  };
}

/** Null unless all three are given; `checkContradictions` refuses some of the three. */
function ownCertificate(r: Resolver, path: (text: string) => string): Settings["api"]["ownCertificate"] {
  const [certificate, key, authority] = [
    r.value("KEYSTONE_SSL_CERT"),
    r.value("KEYSTONE_SSL_KEY"),
    r.value("KEYSTONE_SSL_CA"),
  ];
  if (certificate === null || key === null || authority === null) return null;
  return { certificate: path(certificate), key: path(key), authority: path(authority) };
}
