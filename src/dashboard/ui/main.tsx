import "@fontsource-variable/inter/wght.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/table.css";
import "./styles/forms.css";
import "./styles/chart.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { I18nProvider } from "react-aria-components";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { ApiProblem } from "./api/call.ts";
import { App } from "./app/app.tsx";
import { SessionProvider } from "./app/session.tsx";
import { useLanguage } from "./app/text.ts";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Events tell what has changed; until then what was read is true.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 3 && error instanceof ApiProblem && (error.status === 0 || error.status >= 502),
    },
  },
});

function Root() {
  return (
    <I18nProvider locale={useLanguage()}>
      <QueryClientProvider client={client}>
        <Router base="/dashboard">
          <SessionProvider>
            <App />
          </SessionProvider>
        </Router>
      </QueryClientProvider>
    </I18nProvider>
  );
}

const root = document.getElementById("root");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <Root />
    </StrictMode>,
  );
