import { lazy, Suspense, useMemo } from "react";
import { RouterProvider } from "react-aria-components";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { Busy } from "../parts/busy.tsx";
import { Empty } from "../parts/empty.tsx";
import { Toasts } from "../parts/toast.tsx";
import { Login } from "./login.tsx";
import { isShown, type Loader, type Panel } from "./panel.ts";
import { panels } from "./panels.ts";
import { type Session, useSessionValue } from "./session.tsx";
import { Shell } from "./shell.tsx";
import { translate, useLanguage, useText } from "./text.ts";
import { words } from "./words.ts";

const pages = new Map<Loader, ReturnType<typeof lazy>>();
function pageOf(loader: Loader) {
  const page = pages.get(loader) ?? lazy(loader);
  pages.set(loader, page);
  return page;
}

export function App() {
  const { session } = useSessionValue();
  const [, navigate] = useLocation();
  const t = useText(words);
  return (
    <RouterProvider navigate={navigate} useHref={(path) => `/dashboard${path}`}>
      {session === undefined ? (
        <Busy what="tenrec" full />
      ) : session === null ? (
        <Login />
      ) : (
        <Inside session={session} />
      )}
      <Toasts label={t("app.name")} />
    </RouterProvider>
  );
}

function Inside({ session }: { session: Session }) {
  const t = useText(words);
  const language = useLanguage();
  const shown = useMemo(() => panels.filter((panel) => isShown(panel, session)), [session]);
  const first = shown[0];
  return (
    <Shell panels={shown}>
      <Switch>
        <Route path="/">
          {first === undefined ? <NoProject /> : <Redirect to={Object.keys(first.routes)[0] ?? "/"} replace />}
        </Route>
        {shown.flatMap((panel) =>
          routesOf(panel).map(([path, loader]) => {
            const Page = pageOf(loader);
            return (
              <Route path={path} key={path}>
                <Suspense fallback={<Busy what={translate(panel.text, panel.title)} />}>
                  {/* Pages of one panel begin anew for another thing and in another language. */}
                  <Page key={language} />
                </Suspense>
              </Route>
            );
          }),
        )}
        <Route>
          <Empty title={t("notfound.title")} hint={t("notfound.hint")} />
        </Route>
      </Switch>
    </Shell>
  );
}

/** "/instances/new" before "/instances/:id". */
const routesOf = (panel: Panel): [string, Loader][] =>
  (Object.entries(panel.routes) as [string, Loader][]).sort(
    ([a], [b]) => (a.includes(":") ? 1 : 0) - (b.includes(":") ? 1 : 0),
  );

function NoProject() {
  const t = useText(words);
  return <Empty title={t("noproject.title")} hint={t("noproject.hint")} />;
}
