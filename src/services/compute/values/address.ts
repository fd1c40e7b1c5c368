/** The shortest form of an IPv6 address ("::babe:dc0c:1602"), as netaddr writes it; other text as it is. */
export function canonicalAddress(text: string): string {
  if (!text.includes(":")) return text;
  try {
    return new URL(`http://[${text}]`).hostname.slice(1, -1);
  } catch {
    return text;
  }
}
