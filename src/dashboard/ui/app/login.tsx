import { type FormEvent, useId, useRef, useState } from "react";
import { Button, Input, Label, TextField } from "react-aria-components";
import { ApiProblem } from "../api/call.ts";
import { Logo } from "../parts/logo.tsx";
import { LANGUAGES, type Language } from "./catalogue.ts";
import { text } from "./login-text.ts";
import { type LogIn, useSessionValue } from "./session.tsx";
import { setLanguage, useLanguage, useText } from "./text.ts";

const LAST_USER = "tenrec.user";

export function Login() {
  const t = useText(text);
  const language = useLanguage();
  const { logIn } = useSessionValue();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [byCredential, setByCredential] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const heading = useId();
  const [last] = useState(() => (localStorage.getItem(LAST_USER) ?? "").split("\n"));

  async function submit(event: FormEvent) {
    event.preventDefault();
    const data = new FormData(form.current ?? undefined);
    const field = (name: string) => String(data.get(name) ?? "");
    const credentials: LogIn = byCredential
      ? { applicationCredential: { id: field("credential").trim(), secret: field("secret") } }
      : { user: field("user").trim(), password: field("password"), domain: field("domain").trim() };
    setBusy(true);
    setProblem(null);
    try {
      await logIn(credentials);
      if ("user" in credentials) localStorage.setItem(LAST_USER, `${credentials.user}\n${credentials.domain}`);
    } catch (error) {
      const { status, message, retryAfter } =
        error instanceof ApiProblem ? error : new ApiProblem(0, String(error), {});
      if (status === 429) setProblem(t("failed.429", { seconds: retryAfter ?? 1 }));
      else setProblem(status === 401 ? t("failed.401") : status === 0 ? t("failed.0") : message);
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <form ref={form} className="login-card" aria-labelledby={heading} onSubmit={submit}>
        <Logo />
        <h1 id={heading}>{t("title")}</h1>
        <p className="dim">{t("subtitle")}</p>
        {problem !== null && (
          <p role="alert" className="login-problem">
            {problem}
          </p>
        )}
        {byCredential ? (
          <>
            <Field name="credential" label={t("credential")} autoComplete="username" autoFocus />
            <Field name="secret" label={t("secret")} type="password" autoComplete="current-password" />
          </>
        ) : (
          <>
            <Field name="user" label={t("user")} autoComplete="username" defaultValue={last[0]} autoFocus />
            <Field name="password" label={t("password")} type="password" autoComplete="current-password" />
            <Field name="domain" label={t("domain")} defaultValue={last[1] ?? "Default"} autoComplete="organization" />
          </>
        )}
        <Button type="submit" className="button primary wide" isDisabled={busy}>
          {busy ? t("busy") : t("submit")}
        </Button>
        <Button className="button quiet wide" onPress={() => setByCredential(!byCredential)}>
          {byCredential ? t("with.password") : t("with.credential")}
        </Button>
      </form>
      <label className="login-language">
        <span className="hidden-visually">{t("language")}</span>
        <select value={language} onChange={(event) => setLanguage(event.target.value as Language)}>
          {Object.entries(LANGUAGES).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </main>
  );
}

function Field({
  label,
  ...props
}: {
  name: string;
  label: string;
  type?: string;
  autoComplete?: string;
  defaultValue?: string | undefined;
  autoFocus?: boolean;
}) {
  const { name, type = "text", autoComplete = "off", defaultValue = "", autoFocus = false } = props;
  return (
    <TextField
      name={name}
      type={type}
      autoComplete={autoComplete}
      defaultValue={defaultValue}
      autoFocus={autoFocus}
      isRequired
      className="field"
    >
      <Label>{label}</Label>
      <Input className="input" />
    </TextField>
  );
}
