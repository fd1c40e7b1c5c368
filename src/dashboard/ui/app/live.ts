import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { askForSession } from "../api/call.ts";
import { refresh } from "../api/resource.ts";

interface Thing {
  readonly kind: string;
  readonly id: string;
}

/** What changed within so many milliseconds is asked for together. */
const TOGETHER_MS = 40;

/** Some kinds show in others: a port of a server in its addresses. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  "identity.project": ["identity.domain"],
  "compute.server": ["compute.usage"],
  "compute.action": ["compute.usage"],
  "network.port": ["network.usage"],
  "network.network": ["network.usage"],
  "network.router": ["network.usage"],
  "network.floating-ip": ["network.usage"],
  "network.security-group": ["network.usage"],
  "block-storage.volume": ["block-storage.usage"],
  "block-storage.snapshot": ["block-storage.usage"],
};

/** Keeps the pages as the cloud is, by its one stream of events. Tells whether it is connected. */
export function useLive(scope: string): boolean {
  const client = useQueryClient();
  const [connected, setConnected] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a stream is of one scope
  useEffect(() => {
    const source = new EventSource("/dashboard/events");
    let waiting = new Map<string, Set<string>>();
    let timer: number | undefined;
    const tell = () => {
      timer = undefined;
      const changed = waiting;
      waiting = new Map();
      for (const [kind, ids] of changed) {
        void refresh(client, kind, ids);
        for (const other of ALSO[kind] ?? []) void client.invalidateQueries({ queryKey: [other] });
      }
    };
    source.addEventListener("open", () => setConnected(true));
    source.addEventListener("error", () => setConnected(false));
    source.addEventListener("changed", (event: MessageEvent<string>) => {
      for (const { kind, id } of JSON.parse(event.data) as Thing[])
        waiting.set(kind, (waiting.get(kind) ?? new Set()).add(id));
      timer ??= window.setTimeout(tell, TOGETHER_MS);
    });
    // More happened than is remembered there.
    source.addEventListener("lost", () => void client.invalidateQueries());
    source.addEventListener("ended", () => {
      source.close();
      setConnected(false);
      void client.invalidateQueries();
      // A page may have nothing to ask for.
      void askForSession().catch(() => {});
    });
    return () => {
      source.close();
      window.clearTimeout(timer);
    };
  }, [client, scope]);
  return connected;
}
