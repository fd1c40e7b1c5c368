import { useCallback, useSyncExternalStore } from "react";
import { type Catalogue, LANGUAGES, type Language } from "./catalogue.ts";

export type Values = Readonly<Record<string, string | number>>;
export type Translate<Key extends string> = (key: Key, values?: Values) => string;

const STORED = "tenrec.language";

const isLanguage = (value: string | null): value is Language => value !== null && Object.hasOwn(LANGUAGES, value);

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (isLanguage(stored)) return stored;
  const wanted = navigator.languages.map((language) => language.slice(0, 2)).find(isLanguage);
  return wanted ?? "en";
}

let current: Language = preferred();
document.documentElement.lang = current;
const listeners = new Set<() => void>();

export const language = (): Language => current;

export function setLanguage(next: Language): void {
  current = next;
  localStorage.setItem(STORED, next);
  document.documentElement.lang = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useLanguage = (): Language => useSyncExternalStore(subscribe, language);

/** "{count} server|{count} servers": the second for all counts but one. "{name}" is a value. */
export function filled(text: string, values: Values = {}): string {
  const [one = "", many] = text.split("|");
  const chosen = many === undefined || values.count === 1 ? one : many;
  return chosen.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(current) : value;
  });
}

export const translate = <Key extends string>(catalogue: Catalogue<Key>, key: Key, values?: Values): string =>
  filled(catalogue[current][key], values);

/** The strings of a catalogue in the language of the page; the same function until that changes. */
export function useText<Key extends string>(catalogue: Catalogue<Key>): Translate<Key> {
  const chosen = useLanguage();
  return useCallback((key, values) => filled(catalogue[chosen][key], values), [catalogue, chosen]);
}
