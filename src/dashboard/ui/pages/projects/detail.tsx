import { type Project, projects } from "../../api/identity.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Code } from "../../parts/copy.tsx";
import { Card, Facts } from "../../parts/page.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { useProjectActions } from "./actions.ts";
import { Members } from "./members.tsx";
import { Quotas } from "./quotas.tsx";
import { text } from "./text.ts";

const nameOf = ({ name }: Project): string => name;

/** One project: who works in it, and how much of the cloud it may use. */
export default function ProjectPage() {
  const t = useText(text);
  const w = useText(words);
  return (
    <ThingPage
      resource={projects}
      one={t("one")}
      back={{ to: href("/projects"), label: t("title") }}
      nameOf={nameOf}
      actions={useProjectActions()}
    >
      {(project) => (
        <div className="stack">
          <Card title={t("one")}>
            <Facts
              facts={[
                [w("description"), project.description],
                [t("enabled"), project.enabled ? w("yes") : null],
                [t("domain"), <Code key="domain">{project.domain_id}</Code>],
              ]}
            />
          </Card>
          <Members project={project} />
          <Quotas project={project} />
        </div>
      )}
    </ThingPage>
  );
}
