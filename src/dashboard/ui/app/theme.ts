import { useSyncExternalStore } from "react";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORED = "tenrec.theme";
const isTheme = (value: string | null): value is Theme => THEMES.some((theme) => theme === value);

const stored = localStorage.getItem(STORED);
let current: Theme = isTheme(stored) ? stored : "system";
const listeners = new Set<() => void>();

function show(): void {
  if (current === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = current;
}
show();

export function setTheme(theme: Theme): void {
  current = theme;
  localStorage.setItem(STORED, theme);
  show();
  for (const listener of listeners) listener();
}

export const useTheme = (): Theme =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
