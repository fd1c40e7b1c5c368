import { useEffect, useState } from "react";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";

/** What is quicker than this shows nothing. */
const PATIENCE_MS = 250;

/** Says what is waited for. */
export function Busy({ what, full = false }: { what: string; full?: boolean }) {
  const t = useText(words);
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={full ? "busy full" : "busy"} role="status">
      {late && (
        <>
          <span className="spinner" aria-hidden="true" />
          {t("loading.what", { what })}
        </>
      )}
    </div>
  );
}
