import { ExternalLink } from "lucide-react";
import { useEffect, useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { send } from "../../api/call.ts";
import { compute, type Server } from "../../api/compute.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Busy } from "../../parts/busy.tsx";
import { Problem } from "../../parts/problem.tsx";
import { text } from "./text.ts";

const KINDS = [
  { id: "novnc", protocol: "vnc", label: "console.screen" },
  { id: "serial", protocol: "serial", label: "console.serial" },
] as const;

/** A guest's screen and its serial line: the pages of the console ports, shown here. */
export function Console({ server }: { server: Server }) {
  const t = useText(text);
  if (!["ACTIVE", "PAUSED", "RESCUE", "VERIFY_RESIZE", "REBOOT", "HARD_REBOOT"].includes(server.status))
    return <p className="dim">{t("console.off")}</p>;
  return (
    <Tabs className="tabs small">
      <TabList aria-label={t("tab.console")} className="tab-list">
        {KINDS.map(({ id, label }) => (
          <Tab key={id} id={id} className="tab">
            {t(label)}
          </Tab>
        ))}
      </TabList>
      {KINDS.map(({ id, protocol }) => (
        <TabPanel key={id} id={id} className="tab-panel">
          <Frame server={server} type={id} protocol={protocol} />
        </TabPanel>
      ))}
    </Tabs>
  );
}

function Frame({ server, type, protocol }: { server: Server; type: string; protocol: string }) {
  const t = useText(text);
  const c = useText(words);
  const [url, setUrl] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const { id } = server;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt asks again
  useEffect(() => {
    let isShown = true;
    setError(null);
    send<{ remote_console: { url: string } }>(
      compute("POST", `/servers/${id}/remote-consoles`, { remote_console: { protocol, type } }),
    ).then(
      // A serial console's address is its web socket's; the same with HTTP is its page.
      ({ remote_console }) => isShown && setUrl(atThisHost(remote_console.url.replace(/^ws/, "http"))),
      (problem: unknown) => isShown && setError(problem),
    );
    return () => {
      isShown = false;
    };
  }, [id, type, protocol, attempt]);
  if (error !== null) return <Problem error={error} retry={() => setAttempt(attempt + 1)} />;
  if (url === null) return <Busy what={t("console.what")} />;
  return (
    <div className="stack">
      <iframe
        className="console-frame"
        src={url}
        title={t("console.title", { name: server.name })}
        allow="clipboard-read; clipboard-write"
      />
      <a className="link" href={url} target="_blank" rel="noreferrer">
        <ExternalLink size={13} aria-hidden="true" /> {t("console.open")}
        <span className="hidden-visually"> ({c("app.name")})</span>
      </a>
    </div>
  );
}

/** The cloud may know itself by another name than this browser does: through a tunnel, say. */
function atThisHost(text: string): string {
  const url = new URL(text);
  url.hostname = location.hostname;
  return url.href;
}
