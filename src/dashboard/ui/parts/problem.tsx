import { CircleAlert } from "lucide-react";
import { Button } from "react-aria-components";
import { ApiProblem } from "../api/call.ts";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";
import { explain } from "./explain.tsx";

const ADVICE = ["400", "401", "403", "404", "409", "413", "429", "500", "0"] as const;
type Advice = (typeof ADVICE)[number];

/** Quotas are 403 in some APIs, and their message tells. */
function adviceOf({ status, message }: ApiProblem): Advice {
  if (/quota/i.test(message)) return "413";
  const exact = ADVICE.find((one) => one === String(status));
  return exact ?? (status >= 500 ? "500" : "400");
}

/** What failed, what the API said, what to do, and the way to its explanation. */
export function Problem({ error, title, retry }: { error: unknown; title?: string; retry?: () => void }) {
  const t = useText(words);
  const problem = error instanceof ApiProblem ? error : new ApiProblem(500, String(error), {});
  const { requestId } = problem;
  return (
    <section className="problem" role="alert">
      <CircleAlert size={18} aria-hidden="true" />
      <div>
        <h3>{title ?? t("error.loading")}</h3>
        <p className="problem-said">{problem.message}</p>
        <p className="dim">{t(`error.${adviceOf(problem)}`)}</p>
        <div className="problem-actions">
          {retry !== undefined && (
            <Button className="button small" onPress={retry}>
              {t("retry")}
            </Button>
          )}
          {requestId !== null && (
            <Button className="button quiet small" onPress={() => explain(requestId)}>
              {t("error.explain")}
            </Button>
          )}
          {problem.status > 0 && (
            <span className="dim">
              HTTP {problem.status}
              {requestId !== null && (
                <>
                  {" "}
                  · <code>{requestId}</code>
                </>
              )}
            </span>
          )}
        </div>
      </div>
    </section>
  );
}
