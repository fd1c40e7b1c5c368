import type { ReactNode } from "react";
import { Busy } from "./busy.tsx";
import { Problem } from "./problem.tsx";

interface Props<Data> {
  /** What `useOne`, `useList` or `useAnswer` told. */
  query: { readonly data: Data | undefined; readonly error: Error | null; refetch(): unknown };
  /** What is waited for. */
  what: string;
  children(data: Data): ReactNode;
}

/** What an API was asked for: its content when it is there, until then what is waited for, or why it does not come. */
export function Loaded<Data>({ query: { data, error, refetch }, what, children }: Props<Data>) {
  if (data !== undefined) return children(data);
  return error === null ? <Busy what={what} /> : <Problem error={error} retry={() => void refetch()} />;
}
