/** A small animal with spines, whose back is a cloud. */
export function Logo({ small = false }: { small?: boolean }) {
  return (
    <svg className={small ? "logo small" : "logo"} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="logo-ground" />
      <path d="M6 20c1-7 6-10 11-10 6 0 9 5 9 9l-3 3H9c-2 0-3-1-3-2z" className="logo-body" />
      <path d="M11 12l-1-5M15 10.500V5M19 10.500l1.500-5M22.500 13l4-3.500" className="logo-spines" />
      <circle cx="22.500" cy="17" r="1.200" className="logo-ground" />
    </svg>
  );
}
