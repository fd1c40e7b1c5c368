import { el, type XmlElement } from "./element.ts";

type ExtraSpecs = Readonly<Record<string, string>>;

/** A limit of the flavor's extra specs as a number; null when it is not set or no number (nova ignores those, too). */
export function limitOf(extraSpecs: ExtraSpecs, key: string): number | null {
  const value = extraSpecs[key];
  return value !== undefined && /^-?\d{1,15}$/.test(value) ? Number(value) : null;
}

/** quota:cpu_shares, quota:cpu_period, quota:cpu_quota (microseconds). Needs the host's cpu cgroup. */
export function cpuTune(extraSpecs: ExtraSpecs): XmlElement | false {
  const parts = ["shares", "period", "quota"].flatMap((name) => {
    const value = limitOf(extraSpecs, `quota:cpu_${name}`);
    return value === null ? [] : [el(name, {}, String(value))];
  });
  return parts.length > 0 && el("cputune", {}, ...parts);
}

/** quota:vif_{inbound,outbound}_{average,peak,burst}: KiB/s and KiB. Needs the kernel's htb and sfq queues. */
export function bandwidth(extraSpecs: ExtraSpecs): XmlElement | false {
  const direction = (name: "inbound" | "outbound"): XmlElement | false => {
    const value = (what: string) => limitOf(extraSpecs, `quota:vif_${name}_${what}`) ?? undefined;
    const average = value("average");
    return average !== undefined && el(name, { average, peak: value("peak"), burst: value("burst") });
  };
  const [inbound, outbound] = [direction("inbound"), direction("outbound")];
  return (inbound !== false || outbound !== false) && el("bandwidth", {}, inbound, outbound);
}

/** Whether anything is limited that some hosts cannot limit. */
export function hasHostLimits(extraSpecs: ExtraSpecs): boolean {
  return cpuTune(extraSpecs) !== false || bandwidth(extraSpecs) !== false;
}
