import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** Nothing there yet: what it is for, and the next step. */
export function Empty({
  title,
  hint,
  icon: Icon,
  children,
}: {
  title: string;
  hint?: string;
  icon?: LucideIcon;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      {Icon !== undefined && <Icon size={36} strokeWidth={1.25} aria-hidden="true" />}
      <h2>{title}</h2>
      {hint !== undefined && <p>{hint}</p>}
      {children !== undefined && <div className="empty-actions">{children}</div>}
    </div>
  );
}
