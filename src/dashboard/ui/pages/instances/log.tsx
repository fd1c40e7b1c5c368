import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Button, Switch } from "react-aria-components";
import { send } from "../../api/call.ts";
import { compute, type Server } from "../../api/compute.ts";
import { useText } from "../../app/text.ts";
import { Busy } from "../../parts/busy.tsx";
import { Problem } from "../../parts/problem.tsx";
import { text } from "./text.ts";

const LINES = 500;
/** A guest's lines are no events of the cloud: they are asked for while somebody reads along. */
const FOLLOW_MS = 2_000;

const ask = (id: string, length: number | null) =>
  send<{ output: string }>(
    compute("POST", `/servers/${id}/action`, { "os-getConsoleOutput": length === null ? {} : { length } }),
  );

/** What a guest wrote to its serial line, as it goes on writing. */
export function Log({ server }: { server: Server }) {
  const t = useText(text);
  const [follow, setFollow] = useState(true);
  const { data, error, refetch } = useQuery({
    queryKey: ["compute.log", server.id],
    queryFn: () => ask(server.id, LINES),
    refetchInterval: follow ? FOLLOW_MS : false,
    staleTime: 0,
  });
  const place = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end moves with what is written
  useEffect(() => {
    if (follow) place.current?.scrollTo({ top: place.current.scrollHeight });
  }, [follow, data?.output]);
  if (data === undefined)
    return error === null ? <Busy what={t("tab.log")} /> : <Problem error={error} retry={() => void refetch()} />;

  async function download() {
    const { output } = await ask(server.id, null);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([output], { type: "text/plain" }));
    link.download = `${server.name}.log`;
    link.click();
    URL.revokeObjectURL(link.href);
  }
  return (
    <div className="stack">
      <div className="row">
        <Switch className="switch" isSelected={follow} onChange={setFollow}>
          <span className="switch-track" aria-hidden="true" />
          {t("log.follow")}
        </Switch>
        <Button className="button small" onPress={() => void download()}>
          {t("log.full")}
        </Button>
      </div>
      {data.output === "" ? (
        <p className="dim">{t("log.empty")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, which keys must do, too
        <section className="log" ref={place} tabIndex={0} aria-label={t("log.title", { name: server.name })}>
          {data.output}
        </section>
      )}
    </div>
  );
}
