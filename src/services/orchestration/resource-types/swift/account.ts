import { ApiError } from "../../../../kernel/errors.ts";
import type { Made, Run } from "../types.ts";

/** How types ask the object store: its records answer in headers, and names go into paths. */

type Asking = Pick<Made, "ask" | "stack">;

const paramsOf = ({ stack }: Asking, container?: string, object?: string): Record<string, string> => ({
  account: `AUTH_${stack.projectId}`,
  ...(container === undefined ? {} : { container }),
  ...(object === undefined ? {} : { object }),
});

/** The headers of a container; null where there is none. */
export async function headContainer(made: Asking, container: string): Promise<Record<string, string> | null> {
  try {
    const { headers = {} } = await made.ask("object-store", "containers:show", { params: paramsOf(made, container) });
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export async function putContainer(run: Run, container: string, headers: Record<string, string>): Promise<void> {
  await run.ask("object-store", "containers:put", { params: paramsOf(run, container), headers });
}

export async function postAccount(run: Run, headers: Record<string, string>): Promise<void> {
  if (Object.keys(headers).length === 0) return;
  await run.ask("object-store", "accounts:update", { params: paramsOf(run), headers });
}

/** Names of its objects, at most a page; null where there is no such container. */
export async function objectsOf(run: Run, container: string): Promise<readonly string[] | null> {
  try {
    const query = { format: "json" };
    const { raw } = await run.ask("object-store", "containers:show", { params: paramsOf(run, container), query });
    const list = JSON.parse(Buffer.from(raw as string | Uint8Array).toString()) as { name: string }[];
    return list.map(({ name }) => name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** What is gone already is no error. */
export async function deleteThing(run: Run, container: string, object?: string): Promise<void> {
  const record = object === undefined ? "containers:delete" : "objects:delete";
  try {
    await run.ask("object-store", record, { params: paramsOf(run, container, object) });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
