import type { ReactNode } from "react";
import { Link as RouterLink } from "wouter";

/** A link to a page of the dashboard; `to` comes from `href`. */
export function Link({ to, children, className = "link" }: { to: string; children: ReactNode; className?: string }) {
  return (
    <RouterLink href={to} className={className}>
      {children}
    </RouterLink>
  );
}
