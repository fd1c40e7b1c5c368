import { type QueryClient, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { ApiProblem, type Call, send } from "./call.ts";

/** A kind of thing of one API: how all of it and one of it are asked for. The kind is the one that events tell of. */
export interface Resource<Item> {
  readonly kind: string;
  readonly list: Call;
  /** The member of a body that holds the list: "servers". */
  readonly plural: string;
  /** That of one: "server"; null where a body is the thing itself. */
  readonly singular: string | null;
  /** Where one is asked for, without its id: "/v2.1/servers". */
  readonly path: string;
  idOf(item: Item): string;
  /** There is no request for one of them: when one changes, the list is asked for. */
  readonly listedOnly?: true;
  /** How lists go on: by the id of the last (most APIs), or not at all. */
  readonly paged: boolean;
}

const PAGE = 1000;

/** All of it, page by page. */
export async function fetchAll<Item>(
  resource: Resource<Item>,
  query: Call["query"],
  signal?: AbortSignal,
): Promise<Item[]> {
  const items: Item[] = [];
  const { list, plural, paged } = resource;
  for (;;) {
    const last = items.at(-1);
    const marker = last === undefined ? undefined : resource.idOf(last);
    const asked = { ...list.query, ...query, ...(paged ? { limit: PAGE, marker } : {}) };
    const body = await send<Record<string, Item[] | undefined>>({ ...list, query: asked }, signal);
    const page = body[plural] ?? [];
    items.push(...page);
    if (!paged || page.length < PAGE) return items;
  }
}

export async function fetchOne<Item>(resource: Resource<Item>, id: string, signal?: AbortSignal): Promise<Item> {
  const { list, path, singular } = resource;
  const body = await send<Record<string, unknown>>(
    { service: list.service, path: `${path}/${encodeURIComponent(id)}` },
    signal,
  );
  return (singular === null ? body : body[singular]) as Item;
}

export type Filter = Readonly<Record<string, string>>;

export const listKey = (resource: Resource<never>, filter: Filter = {}) => [resource.kind, "list", filter] as const;
export const oneKey = (resource: Resource<never>, id: string) => [resource.kind, "one", id] as const;

/** All things of a kind that the session's token may see. */
export function useList<Item>(
  resource: Resource<Item>,
  filter: Filter = {},
  enabled = true,
): UseQueryResult<Item[], Error> {
  return useQuery({
    queryKey: listKey(resource as Resource<never>, filter),
    queryFn: ({ signal }) => fetchAll(resource, filter, signal),
    meta: { resource },
    enabled,
  });
}

export function useOne<Item>(resource: Resource<Item>, id: string, enabled = true): UseQueryResult<Item, Error> {
  return useQuery({
    queryKey: oneKey(resource as Resource<never>, id),
    queryFn: ({ signal }) => fetchOne(resource, id, signal),
    enabled: enabled && id !== "",
  });
}

/** Anything else that an API tells; `kinds` are those whose changes make it old. */
export function useAnswer<Body>(kinds: string, call: Call, enabled = true): UseQueryResult<Body, Error> {
  return useQuery({
    queryKey: [kinds, "answer", call],
    queryFn: ({ signal }) => send<Body>(call, signal),
    enabled,
  });
}

/** At most so many are asked for one by one; of more, the list is. */
const FEW = 8;

/** Brings what is on the page in line with things that changed. */
export async function refresh(client: QueryClient, kind: string, ids: ReadonlySet<string>): Promise<void> {
  const cache = client.getQueryCache();
  const lists = cache.findAll({ queryKey: [kind, "list"], type: "active" });
  const resource = lists[0]?.meta?.resource as Resource<unknown> | undefined;
  const plain = lists.every(({ queryKey }) => Object.keys((queryKey[2] ?? {}) as object).length === 0);
  const large = lists.some(({ state }) => ((state.data ?? []) as unknown[]).length > FEW);
  void client.invalidateQueries({ queryKey: [kind, "answer"] });
  // Lists that nobody looks at are asked for when somebody does.
  void client.invalidateQueries({ queryKey: [kind], refetchType: "none" });
  for (const id of ids) void client.invalidateQueries({ queryKey: [kind, "one", id] });
  if (resource === undefined || resource.listedOnly === true || !plain || !large || ids.size > FEW) {
    await client.invalidateQueries({ queryKey: [kind, "list"] });
    return;
  }
  await Promise.all([...ids].map((id) => refreshOne(client, resource, id)));
}

async function refreshOne(client: QueryClient, resource: Resource<unknown>, id: string): Promise<void> {
  const key = listKey(resource as Resource<never>);
  try {
    const item = await fetchOne(resource, id);
    client.setQueryData<unknown[]>(key, (old) => {
      if (old === undefined) return old;
      const at = old.findIndex((one) => resource.idOf(one) === id);
      return at === -1 ? [item, ...old] : old.with(at, item);
    });
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) {
      await client.invalidateQueries({ queryKey: key });
      return;
    }
    client.setQueryData<unknown[]>(key, (old) => old?.filter((one) => resource.idOf(one) !== id));
  }
}
