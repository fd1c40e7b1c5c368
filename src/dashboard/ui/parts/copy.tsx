import { Check, Copy as CopyIcon } from "lucide-react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";

/** Plain HTTP has no clipboard of its own: there the old way is taken. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden-visually";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({ text, label }: { text: string; label?: string }) {
  const t = useText(words);
  const [copied, setCopied] = useState(false);
  const name = copied ? t("copied") : (label ?? t("copy"));
  return (
    <Button
      className="button quiet icon copy"
      aria-label={name}
      onPress={async () => {
        await copyText(text);
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
      }}
    >
      {copied ? <Check size={13} aria-hidden="true" /> : <CopyIcon size={13} aria-hidden="true" />}
    </Button>
  );
}

/** An id or an address: in a type that tells letters apart, with a way to copy it. */
export function Code({ children }: { children: string }) {
  return (
    <span className="code">
      <code>{children}</code>
      <CopyButton text={children} />
    </span>
  );
}
