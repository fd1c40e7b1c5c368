import { useEffect, useReducer } from "react";
import { language, translate, useLanguage } from "../app/text.ts";
import { words } from "../app/words.ts";

const STEPS = [
  { unit: "year", seconds: 31_536_000 },
  { unit: "month", seconds: 2_592_000 },
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
] as const;

/** Some services leave the Z out: all mean UTC. */
export const dateOf = (text: string): Date => new Date(/Z|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`);

export function agoText(date: Date, now: number): string {
  const seconds = Math.round((now - date.getTime()) / 1000);
  const step = STEPS.find((one) => Math.abs(seconds) >= one.seconds);
  if (step === undefined) return translate(words, "ago.now");
  return new Intl.RelativeTimeFormat(language(), { style: "long" }).format(
    -Math.round(seconds / step.seconds),
    step.unit,
  );
}

/** How long ago, and when exactly on a closer look. */
export function Ago({ at }: { at: string }) {
  useLanguage();
  const [, tick] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(tick, 30_000);
    return () => clearInterval(timer);
  }, []);
  const date = dateOf(at);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString(language())}>
      {agoText(date, Date.now())}
    </time>
  );
}
