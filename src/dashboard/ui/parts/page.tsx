import type { ReactNode } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useSearchParams } from "wouter";
import { Link } from "./link.tsx";

/** The head of a page: what it is about, and what is done most. */
export function PageHead({
  title,
  subtitle,
  back,
  children,
}: {
  title: ReactNode;
  subtitle?: ReactNode;
  back?: { readonly to: string; readonly label: string };
  children?: ReactNode;
}) {
  return (
    <div className="page-head">
      <div>
        {back !== undefined && (
          <Link to={back.to} className="back">
            ← {back.label}
          </Link>
        )}
        <h1>{title}</h1>
        {subtitle !== undefined && <div className="page-subtitle">{subtitle}</div>}
      </div>
      {children !== undefined && <div className="page-actions">{children}</div>}
    </div>
  );
}

export interface TabOf {
  readonly id: string;
  readonly label: string;
  readonly content: () => ReactNode;
}

/** The parts of a page; which is open is in the address. */
export function PageTabs({ label, tabs }: { label: string; tabs: readonly TabOf[] }) {
  const [params, setParams] = useSearchParams();
  const [first] = tabs;
  const wanted = params.get("tab");
  const open = tabs.find(({ id }) => id === wanted) ?? first;
  return (
    <Tabs
      className="tabs"
      selectedKey={open?.id ?? ""}
      onSelectionChange={(key) => setParams(key === first?.id ? {} : { tab: String(key) }, { replace: true })}
    >
      <TabList aria-label={label} className="tab-list">
        {tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id} className="tab">
            {tab.label}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id} className="tab-panel">
          {tab.content()}
        </TabPanel>
      ))}
    </Tabs>
  );
}

/** Names and values of one thing. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode] | null)[] }) {
  return (
    <dl className="facts">
      {facts.map((fact) =>
        fact === null ? null : (
          <div key={fact[0]}>
            <dt>{fact[0]}</dt>
            <dd>
              {fact[1] === null || fact[1] === undefined || fact[1] === "" ? <span className="dim">—</span> : fact[1]}
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}

export function Card({ title, children, aside }: { title: string; children: ReactNode; aside?: ReactNode }) {
  return (
    <section className="card">
      <div className="card-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
