import { X } from "lucide-react";
import {
  Button,
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";

export interface Note {
  readonly tone: "good" | "bad" | "plain";
  readonly title: string;
  readonly detail?: string;
  /** One thing that can be done about it. */
  readonly action?: { readonly label: string; run(): void };
}

const queue = new ToastQueue<Note>({ maxVisibleToasts: 4 });

export function note(content: Note): void {
  queue.add(content, { timeout: content.tone === "bad" ? 20_000 : content.action === undefined ? 5_000 : 10_000 });
}

export function Toasts({ label }: { label: string }) {
  const t = useText(words);
  return (
    <ToastRegion queue={queue} className="toasts" aria-label={label}>
      {({ toast }) => (
        <Toast toast={toast} className={`toast ${toast.content.tone}`}>
          <ToastContent className="toast-text">
            <Text slot="title">{toast.content.title}</Text>
            {toast.content.detail !== undefined && <Text slot="description">{toast.content.detail}</Text>}
          </ToastContent>
          {toast.content.action !== undefined && (
            <Button
              className="button small"
              onPress={() => {
                toast.content.action?.run();
                queue.close(toast.key);
              }}
            >
              {toast.content.action.label}
            </Button>
          )}
          <Button slot="close" className="button quiet icon" aria-label={t("close")}>
            <X size={14} aria-hidden="true" />
          </Button>
        </Toast>
      )}
    </ToastRegion>
  );
}
