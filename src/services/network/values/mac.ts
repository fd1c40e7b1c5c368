/** Nobody's and everybody's; of the other multicast addresses neutron takes any. */
const INVALID_MACS = ["000000000000", "ffffffffffff"];

/** `fa:16:3e:00:00:01`, whatever its spelling; null for what is no MAC address of a device. */
export function macText(text: string): string | null {
  const digits = macDigits(text);
  if (digits === null || INVALID_MACS.includes(digits)) return null;
  return (digits.match(/../g) ?? []).join(":");
}

/** netaddr's spellings of a MAC, for colon form: six groups, three groups, or twelve digits. */
function macDigits(text: string): string | null {
  const six = /^([0-9a-f]{1,2}([:-]))(?:[0-9a-f]{1,2}\2){4}[0-9a-f]{1,2}$/i.exec(text);
  const three = /^([0-9a-f]{1,4}([:.-]))[0-9a-f]{1,4}\2[0-9a-f]{1,4}$/i.exec(text);
  const separator = six?.[2] ?? three?.[2];
  if (separator === undefined) return /^[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : null;
  const groups = text.toLowerCase().split(separator);
  return groups.map((group) => group.padStart(12 / groups.length, "0")).join("");
}
