import { useMemo } from "react";
import { Label, Radio, RadioGroup } from "react-aria-components";
import { operation } from "../../api/call.ts";
import { identity } from "../../api/identity.ts";
import { LANGUAGES, type Language } from "../../app/catalogue.ts";
import { useSession } from "../../app/session.tsx";
import { setLanguage, useLanguage, useText } from "../../app/text.ts";
import { setTheme, THEMES, type Theme, useTheme } from "../../app/theme.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { text as textOf } from "../../parts/form.tsx";
import { Card, Facts, PageHead } from "../../parts/page.tsx";
import { text } from "./text.ts";

/** What is a person's own: how the pages look, and the password. */
export default function Settings() {
  const t = useText(text);
  return (
    <>
      <PageHead title={t("title")} />
      <div className="cards">
        <Look />
        <Account />
        <Password />
      </div>
    </>
  );
}

function Look() {
  const t = useText(text);
  const w = useText(words);
  return (
    <Card title={t("look")}>
      <div className="fields">
        <Choice
          label={w("theme")}
          value={useTheme()}
          options={THEMES.map((id) => ({ id, label: w(`theme.${id}`) }))}
          onChange={(id) => setTheme(id as Theme)}
        />
        <Choice
          label={w("language")}
          value={useLanguage()}
          options={Object.entries(LANGUAGES).map(([id, label]) => ({ id, label }))}
          onChange={(id) => setLanguage(id as Language)}
        />
        <p className="dim">{t("look.hint")}</p>
      </div>
    </Card>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly { readonly id: string; readonly label: string }[];
  onChange(id: string): void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <RadioGroup className="field" value={value} onChange={onChange}>
      <Label>{label}</Label>
      <div className="choices">
        {options.map((option) => (
          <Radio key={option.id} value={option.id} className="radio">
            <span className="dot" aria-hidden="true" />
            {option.label}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}

function Account() {
  const t = useText(text);
  const { user, region, roles, catalog, expiresAt } = useSession();
  const others = [...new Set(catalog.flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.region)))].filter(
    (one) => one !== region,
  );
  return (
    <Card title={t("account")}>
      <Facts
        facts={[
          [t("user"), user.name],
          [t("domain"), user.domain.name],
          [t("roles"), [...roles].sort().join(", ")],
          [t("expires"), new Date(expiresAt).toLocaleString()],
          [t("region"), region],
          others.length === 0 ? null : [t("region.others"), `${others.join(", ")}. ${t("region.hint")}`],
        ]}
      />
    </Card>
  );
}

function Password() {
  const t = useText(text);
  const { user } = useSession();
  const change = useMemo<Action<null>>(
    () => ({
      id: "password",
      label: t("password.change"),
      fields: () => [
        { kind: "password", name: "old", label: t("password.old"), required: true },
        { kind: "password", name: "new", label: t("password.new"), required: true },
        {
          kind: "password",
          name: "again",
          label: t("password.again"),
          required: true,
          check: (value, values) => (value === values.new ? null : t("password.differs")),
        },
      ],
      operation: (_none, values) =>
        operation(
          ["openstack", "user", "password", "set"],
          identity("POST", `/users/${user.id}/password`, {
            user: { original_password: textOf(values, "old"), password: textOf(values, "new") },
          }),
        ),
      done: t("password.done"),
    }),
    [t, user.id],
  );
  return (
    <Card title={t("password.title")}>
      <div className="fields">
        <p className="dim">{t("password.hint")}</p>
        <div>
          <ActionButton action={change} />
        </div>
      </div>
    </Card>
  );
}
