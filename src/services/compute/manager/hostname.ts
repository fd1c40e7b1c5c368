/** A DNS label made of a server's name, as nova makes it; "Server-<id>" when nothing usable is left. */
export function hostnameFor(name: string, serverId: string): string {
  const label = name
    .normalize("NFKD")
    .replace(/[ _.]/g, "-")
    .replace(/[^\w-]/g, "")
    .toLowerCase()
    .replace(/^[.-]+|[.-]+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return label === "" || !/[a-z0-9]/.test(label) ? `Server-${serverId}` : label;
}
