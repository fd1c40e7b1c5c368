import type { ReactNode } from "react";
import { useLocation, useParams } from "wouter";
import { type Resource, useOne } from "../api/resource.ts";
import { type Action, ActionBar, useRunner } from "./action.tsx";
import { Code } from "./copy.tsx";
import { Loaded } from "./loaded.tsx";
import { PageHead } from "./page.tsx";

interface Props<Item> {
  resource: Resource<Item>;
  /** What one of them is called, while its name is not known. */
  one: string;
  /** The list it is of. Whoever deletes the thing is led there. */
  back: { readonly to: string; readonly label: string };
  nameOf(item: NoInfer<Item>): string;
  actions: readonly Action<Item>[];
  /** Between its name and its id: its state. */
  subtitle?(item: Item): ReactNode;
  children(item: Item): ReactNode;
}

/** The page of one thing, whose id is in the address (`:id`). An action "delete" leads back to the list. */
export function ThingPage<Item>({ resource, one, back, nameOf, actions, subtitle, children }: Props<Item>) {
  const { id = "" } = useParams<{ id: string }>();
  const [, navigate] = useLocation();
  const query = useOne(resource, id);
  const runner = useRunner(nameOf, (action) => action.id === "delete" && navigate(back.to));
  const { data } = query;
  if (data === undefined)
    return (
      <>
        <PageHead title={one} back={back} />
        <Loaded query={query} what={one}>
          {() => null}
        </Loaded>
      </>
    );
  const name = nameOf(data);
  return (
    <>
      <PageHead
        title={name}
        back={back}
        subtitle={
          <>
            {subtitle?.(data)}
            <Code>{resource.idOf(data)}</Code>
          </>
        }
      >
        <ActionBar actions={actions} item={data} name={name} runner={runner} />
      </PageHead>
      {children(data)}
      {runner.dialog}
    </>
  );
}
