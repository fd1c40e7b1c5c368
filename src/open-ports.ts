import { createApps } from "./app.ts";
import type { Dashboard } from "./dashboard/server/index.ts";
import type { Transport } from "./kernel/config/settings.ts";
import { Problem } from "./kernel/errors.ts";
import type { Cloud } from "./kernel/kernel.ts";
import type { ServiceListener } from "./kernel/module.ts";
import { type Listener, type ListenOptions, listen, listenProblem, listenRaw, listenUdp } from "./listen.ts";
import type { TlsFiles } from "./listen-tls.ts";

/** The one port must open; a classic port that is taken is only a warning. */
export async function openPorts(cloud: Cloud, tls: TlsFiles | undefined, dashboard?: Dashboard): Promise<Listener[]> {
  const { settings, warnings } = cloud.kernel;
  const host = settings.listenAddress;
  const apps = createApps(cloud, dashboard);
  const listeners: Listener[] = [];
  try {
    listeners.push(await listen(apps.all, { host, port: settings.ports.api, tls }));
  } catch (error) {
    const hint = "free it, or set API_PORT in local.conf";
    throw new Problem(`${listenProblem(error, settings.ports.api)}; ${hint}`, { cause: error });
  }
  const onPort = async (
    { port, transport = "tcp" }: { port: number; transport?: Transport },
    hint: string,
    open: (port: number) => Promise<Listener>,
  ): Promise<void> => {
    const key = `port-taken:${port}${transport === "tcp" ? "" : `/${transport}`}`;
    try {
      listeners.push(await open(port));
      warnings.resolve(key);
    } catch (error) {
      warnings.raise(key, listenProblem(error, port, transport), hint);
    }
  };
  const ports = new Map(settings.listening.map((port) => [port.name, port]));
  for (const { instance } of cloud.services) {
    for (const listener of instance.listeners?.() ?? []) {
      const there = ports.get(listener.port);
      if (there === undefined) continue;
      const place = { port: there.port, transport: transportOf(listener) };
      await onPort(place, `${capitalized(there.ifTaken)}; or free the port and restart.`, (port) =>
        opened(listener, { host, port, tls }),
      );
    }
  }
  if (!settings.ports.classic) return listeners;
  for (const [number, app] of apps.classic) {
    if (number === settings.ports.api) continue;
    const hint = `The same API answers under ${settings.api.baseUrl}; or free the port and restart.`;
    await onPort({ port: number }, hint, (port) => listen(app, { host, port, tls }));
  }
  return listeners;
}

const transportOf = ({ protocol }: ServiceListener): Transport => (protocol === "udp" ? "udp" : "tcp");

function opened(listener: ServiceListener, options: Omit<ListenOptions, "upgrade">): Promise<Listener> {
  const { host, port } = options;
  if (listener.protocol === "udp") return listenUdp(host, port, listener.receive);
  if (listener.protocol === "tcp") return listenRaw(host, port, (socket) => listener.serve(socket));
  return listen(listener, { ...options, upgrade: listener.upgrade });
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
