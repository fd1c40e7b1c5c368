import { useLocation, useParams } from "wouter";
import { type SecurityGroup, type SecurityGroupRule, securityGroups } from "../../api/network.ts";
import { useList, useOne } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { ActionBar, ActionMenu, useRunner } from "../../parts/action.tsx";
import { Busy } from "../../parts/busy.tsx";
import { Code } from "../../parts/copy.tsx";
import { Card, PageHead } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { useGroupActions, useRuleActions } from "./actions.ts";
import { ruleText } from "./rules.ts";
import { text } from "./text.ts";

/** One group: each rule as a sentence. */
export default function SecurityGroupPage() {
  const { id = "" } = useParams<{ id: string }>();
  const t = useText(text);
  const [, navigate] = useLocation();
  const { data, error, refetch } = useOne(securityGroups, id);
  const actions = useGroupActions();
  const runner = useRunner<SecurityGroup>(
    ({ name }) => name,
    (action) => action.id === "delete" && navigate(href("/security-groups")),
  );
  const back = { to: href("/security-groups"), label: t("title") };
  if (data === undefined)
    return (
      <>
        <PageHead title={t("one")} back={back} />
        {error === null ? <Busy what={t("one")} /> : <Problem error={error} retry={() => void refetch()} />}
      </>
    );
  return (
    <>
      <PageHead
        title={data.name}
        back={back}
        subtitle={
          <>
            {data.description !== "" && <span>{data.description}</span>}
            <Code>{data.id}</Code>
          </>
        }
      >
        <ActionBar actions={actions} item={data} name={data.name} runner={runner} />
      </PageHead>
      <div className="cards">
        <Rules
          title={t("rules.in")}
          rules={data.security_group_rules.filter(({ direction }) => direction === "ingress")}
        />
        <Rules
          title={t("rules.out")}
          rules={data.security_group_rules.filter(({ direction }) => direction === "egress")}
        />
      </div>
      {runner.dialog}
    </>
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
