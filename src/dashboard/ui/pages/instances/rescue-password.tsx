import { useText } from "../../app/text.ts";
import { Snippet } from "../../parts/equals.tsx";
import { text } from "./text.ts";

/** What a rescue answers, once: the password of the system that starts. A cloud may be set to tell none. */
export function RescuePassword({ body }: { body: unknown }) {
  const t = useText(text);
  const { adminPass } = (body ?? {}) as { adminPass?: string };
  if (adminPass === undefined) return <p>{t("rescue.no-password")}</p>;
  return (
    <div className="stack">
      <h3>{t("rescue.password")}</h3>
      <p>{t("rescue.password.hint")}</p>
      <Snippet text={adminPass} />
    </div>
  );
}
