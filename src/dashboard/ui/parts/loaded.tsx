import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Busy } from "./busy.tsx";
import { Problem } from "./problem.tsx";

interface Props<Data> {
  query: Pick<UseQueryResult<Data, Error>, "data" | "error" | "refetch">;
  /** What is waited for. */
  what: string;
  children(data: Data): ReactNode;
}

/** What an API was asked for: its content when it is there, until then what is waited for, or why it does not come. */
export function Loaded<Data>({ query: { data, error, refetch }, what, children }: Props<Data>) {
  if (data !== undefined) return children(data);
  return error === null ? <Busy what={what} /> : <Problem error={error} retry={() => void refetch()} />;
}
