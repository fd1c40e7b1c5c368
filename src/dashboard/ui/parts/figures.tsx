import type { ReactNode } from "react";

/** Large numbers in a row. */
export function Figures({ children }: { children: ReactNode }) {
  return <div className="figures">{children}</div>;
}

/** `value`: undefined while it is not known. */
export function Figure({ label, value }: { label: string; value: number | undefined }) {
  const shown = value?.toLocaleString(undefined, { maximumFractionDigits: 1 });
  return (
    <div className="figure">
      <strong>{shown ?? "…"}</strong>
      <span className="dim">{label}</span>
    </div>
  );
}
