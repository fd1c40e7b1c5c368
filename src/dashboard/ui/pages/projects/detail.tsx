import { type Project, projects } from "../../api/identity.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Card, Facts } from "../../parts/page.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { useDomainNames } from "../domains/names.ts";
import { useProjectActions } from "./actions.ts";
import { Members } from "./members.tsx";
import { Quotas } from "./quotas.tsx";
import { text } from "./text.ts";

const nameOf = ({ name }: Project): string => name;

/** One project: who works in it, and how much of the cloud it may use. */
export default function ProjectPage() {
  const t = useText(text);
  const w = useText(words);
  const domainName = useDomainNames();
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
                [t("domain"), domainName(project.domain_id)],
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
