import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { own } from "../api/call.ts";
import { useText } from "../app/text.ts";
import { words } from "../app/words.ts";
import { Busy } from "./busy.tsx";
import { Code } from "./copy.tsx";

export interface Span {
  readonly id: number;
  readonly parentId: number | null;
  readonly kind: string;
  readonly name: string;
  readonly startedAt: number;
  readonly duration: number;
  readonly error: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

let shown: string | null = null;
const listeners = new Set<() => void>();

/** Opens what a request did. */
export function explain(requestId: string | null): void {
  shown = requestId;
  for (const listener of listeners) listener();
}

const useShown = (): string | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );

export function ExplainDialog() {
  const t = useText(words);
  const id = useShown();
  return (
    <ModalOverlay
      className="overlay"
      isOpen={id !== null}
      onOpenChange={(open) => !open && explain(null)}
      isDismissable
    >
      <Modal className="modal large">
        <Dialog className="dialog">
          {({ close }) => (
            <>
              <Heading slot="title">{t("explain.title")}</Heading>
              <p className="dim">{t("explain.hint")}</p>
              {id !== null && (
                <>
                  <Code>{id}</Code>
                  <Explained id={id} />
                </>
              )}
              <div className="dialog-actions">
                <Button className="button" onPress={close} autoFocus>
                  {t("close")}
                </Button>
              </div>
            </>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface Line {
  readonly span: Span;
  readonly depth: number;
}

/** Each below what it is a part of, in the order in which they began. */
export function linesOf(spans: readonly Span[]): Line[] {
  const known = new Set(spans.map(({ id }) => id));
  const children = new Map<number | null, Span[]>();
  for (const span of spans) {
    const parent = span.parentId !== null && known.has(span.parentId) ? span.parentId : null;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const lines: Line[] = [];
  const visit = (span: Span, depth: number) => {
    lines.push({ span, depth });
    for (const child of children.get(span.id) ?? []) visit(child, depth + 1);
  };
  for (const root of children.get(null) ?? []) visit(root, 0);
  return lines;
}

export function Explained({ id }: { id: string }) {
  const t = useText(words);
  const { data, error, isPending } = useQuery({
    queryKey: ["explain", id],
    queryFn: () => own<{ spans: Span[] }>("GET", `explain/${id}`),
    staleTime: 1_000,
    retry: false,
  });
  if (isPending) return <Busy what={t("explain.title")} />;
  if (error !== null) return <p className="dim">{t("explain.none")}</p>;
  const lines = linesOf(data.spans);
  const start = Math.min(...data.spans.map(({ startedAt }) => startedAt));
  const end = Math.max(...data.spans.map(({ startedAt, duration }) => startedAt + duration), start + 1);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, which keys must do, too
    <section className="trace" aria-label={t("explain.title")} tabIndex={0}>
      <ol>
        {lines.map(({ span, depth }) => (
          <li key={span.id} className={`trace-line ${span.kind}${span.error === null ? "" : " failed"}`}>
            <span className="trace-when">+{timeText(span.startedAt - start)}</span>
            <span className="trace-bar" aria-hidden="true">
              <i
                style={{
                  left: `${share(span.startedAt - start, end - start)}%`,
                  width: `${Math.max(0.6, share(span.duration, end - start))}%`,
                }}
              />
            </span>
            <span className="trace-took">{span.duration > 0 ? timeText(span.duration) : ""}</span>
            <span className="trace-name" style={{ paddingInlineStart: `${depth * 14}px` }}>
              <em>{span.kind}</em> {span.name}
              {span.error !== null && <strong> {span.error}</strong>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const share = (part: number, whole: number): number => Math.min(100, (part / whole) * 100);
const timeText = (milliseconds: number): string =>
  milliseconds >= 1000
    ? `${(milliseconds / 1000).toFixed(2)} s`
    : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
