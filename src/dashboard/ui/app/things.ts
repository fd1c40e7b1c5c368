import type { QueryClient } from "@tanstack/react-query";
import type { Resource } from "../api/resource.ts";
import { href } from "./panel.ts";

export interface FoundThing {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly to: string;
}

/** Where a thing of a kind is shown. Panels add theirs. */
const places = new Map<string, (id: string) => string>([["compute.server", (id) => href("/instances/:id", { id })]]);

/** Called by a panel when it is made known. */
export const showsThings = (kind: string, place: (id: string) => string): void => void places.set(kind, place);

export const placeOf = (kind: string, id: string): string | null => places.get(kind)?.(id) ?? null;

/** Everything that pages have listed so far and that has a page. */
export function thingsOf(client: QueryClient): FoundThing[] {
  const found = new Map<string, FoundThing>();
  for (const query of client.getQueryCache().findAll({ predicate: ({ queryKey }) => queryKey[1] === "list" })) {
    const resource = query.meta?.resource as Resource<unknown> | undefined;
    const place = resource === undefined ? undefined : places.get(resource.kind);
    if (resource === undefined || place === undefined) continue;
    for (const item of (query.state.data ?? []) as unknown[]) {
      const id = resource.idOf(item);
      const name = (item as { name?: string | null }).name ?? "";
      found.set(id, { id, name: name === "" ? id : name, kind: resource.kind.split(".")[1] ?? "", to: place(id) });
    }
  }
  return [...found.values()];
}
