import { type SecurityGroup, type SecurityGroupRule, securityGroups } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { ActionMenu, useRunner } from "../../parts/action.tsx";
import { Card } from "../../parts/page.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { useGroupActions, useRuleActions } from "./actions.ts";
import { ruleText } from "./rules.ts";
import { text } from "./text.ts";

const nameOf = ({ name }: SecurityGroup): string => name;

/** One group: each rule as a sentence. */
export default function SecurityGroupPage() {
  const t = useText(text);
  return (
    <ThingPage
      resource={securityGroups}
      one={t("one")}
      back={{ to: href("/security-groups"), label: t("title") }}
      nameOf={nameOf}
      actions={useGroupActions()}
      subtitle={({ description }) => description !== "" && <span>{description}</span>}
    >
      {({ security_group_rules: rules }) => (
        <div className="cards">
          <Rules title={t("rules.in")} rules={rules.filter(({ direction }) => direction === "ingress")} />
          <Rules title={t("rules.out")} rules={rules.filter(({ direction }) => direction === "egress")} />
        </div>
      )}
    </ThingPage>
  );
}

function Rules({ title, rules }: { title: string; rules: readonly SecurityGroupRule[] }) {
  const t = useText(text);
  const { data: groups } = useList(securityGroups);
  const actions = useRuleActions();
  const said = (rule: SecurityGroupRule) => ruleText(t, rule, groups ?? []);
  const runner = useRunner(said);
  return (
    <Card title={title}>
      {rules.length === 0 ? (
        <p className="dim">{t("rules.none")}</p>
      ) : (
        <ul className="rules">
          {rules.map((rule) => (
            <li key={rule.id}>
              <span>
                {said(rule)}
                {(rule.description ?? "") !== "" && <span className="dim"> · {rule.description}</span>}
              </span>
              <ActionMenu actions={actions} item={rule} name={said(rule)} runner={runner} />
            </li>
          ))}
        </ul>
      )}
      {runner.dialog}
    </Card>
  );
}
