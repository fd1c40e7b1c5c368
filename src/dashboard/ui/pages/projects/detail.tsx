import { useLocation, useParams } from "wouter";
import { type Project, projects } from "../../api/identity.ts";
import { useOne } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionBar, useRunner } from "../../parts/action.tsx";
import { Busy } from "../../parts/busy.tsx";
import { Code } from "../../parts/copy.tsx";
import { Card, Facts, PageHead } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { useProjectActions } from "./actions.ts";
import { Members } from "./members.tsx";
import { Quotas } from "./quotas.tsx";
import { text } from "./text.ts";

/** One project: who works in it, and how much of the cloud it may use. */
export default function ProjectPage() {
  const { id = "" } = useParams<{ id: string }>();
  const t = useText(text);
  const w = useText(words);
  const [, navigate] = useLocation();
  const { data, error, refetch } = useOne(projects, id);
  const actions = useProjectActions();
  const runner = useRunner(
    ({ name }: Project) => name,
    (action) => action.id === "delete" && navigate(href("/projects")),
  );
  const back = { to: href("/projects"), label: t("title") };
  if (data === undefined)
    return (
      <>
        <PageHead title={t("one")} back={back} />
        {error === null ? <Busy what={t("one")} /> : <Problem error={error} retry={() => void refetch()} />}
      </>
    );
  return (
    <>
      <PageHead title={data.name} back={back} subtitle={<Code>{data.id}</Code>}>
        <ActionBar actions={actions} item={data} name={data.name} runner={runner} />
      </PageHead>
      <div className="stack">
        <Card title={t("one")}>
          <Facts
            facts={[
              [w("description"), data.description],
              [t("enabled"), data.enabled ? w("yes") : null],
              [t("domain"), <Code key="domain">{data.domain_id}</Code>],
            ]}
          />
        </Card>
        <Members project={data} />
        <Quotas project={data} />
      </div>
      {runner.dialog}
    </>
  );
}
