const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 44040192 → "42 MiB" */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 })} ${UNITS[unit]}`;
}

/** MiB, as flavors have it. */
export const memoryText = (mib: number): string => sizeText(mib * 1024 * 1024);
