export type Tone = "good" | "busy" | "off" | "bad" | "warn";

const TONES: Readonly<Record<string, Tone>> = {
  active: "good",
  available: "good",
  "in-use": "good",
  online: "good",
  up: "good",
  enabled: "good",
  success: "good",
  complete: "good",
  error: "bad",
  killed: "bad",
  failed: "bad",
  down: "off",
  disabled: "off",
  shutoff: "off",
  paused: "off",
  suspended: "off",
  shelved: "off",
  shelved_offloaded: "off",
  deactivated: "off",
  deleted: "off",
  soft_deleted: "off",
  rescue: "warn",
  verify_resize: "warn",
  unknown: "warn",
};

/** A state as its API says it: "ACTIVE", "in-use", "error_deleting". What is neither good nor bad is on its way somewhere. */
export function toneOf(status: string): Tone {
  const word = status.toLowerCase();
  return TONES[word] ?? (word.startsWith("error") ? "bad" : "busy");
}

/** A state, by a dot and by its word: colour alone says nothing. `doing`: what is being done to the thing. */
export function StatusBadge({ status, doing = null }: { status: string; doing?: string | null }) {
  const tone = doing === null ? toneOf(status) : "busy";
  return (
    <span className={`status ${tone}`}>
      <i aria-hidden="true" />
      {wordsOf(status)}
      {doing !== null && <span className="dim"> · {wordsOf(doing)}</span>}
    </span>
  );
}

const wordsOf = (text: string): string => {
  const words = text.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
