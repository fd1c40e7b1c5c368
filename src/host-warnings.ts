import type { WatchSays } from "./host/watch/watch.ts";
import { messageOf } from "./kernel/errors.ts";
import type { Logger } from "./kernel/log/logger.ts";
import type { Warnings } from "./kernel/warnings/warnings.ts";

/** How long status and doctor tell of something that was put right. */
const TOLD_FOR_MS = 3_600_000;
const SHOWN = 3;

const clock = (time: number): string => new Date(time).toTimeString().slice(0, 8);

/** What is found and mended on the host goes into the log, and stands in `tenrec status` and `tenrec doctor` for an hour. */
export function hostWarnings(warnings: Warnings, log: Logger): WatchSays & { restarted(what: string): void } {
  const failing = "host-damaged";
  // Of the daemon before this one, which has put everything in order at its start.
  for (const { key } of warnings.list()) if (key.startsWith("host-")) warnings.resolve(key);
  return {
    mended(damage) {
      for (const { what } of damage) log.warning(`${what}; it was put right again`);
      const more = damage.length > SHOWN ? ` and ${damage.length - SHOWN} more` : "";
      const shown = damage.slice(0, SHOWN).map(({ what }) => what);
      warnings.raise(
        "host-mended",
        `at ${clock(Date.now())} something of this cloud on the host was changed by somebody, and was put right again: ${shown.join("; ")}${more}`,
        "find out what does that (a firewall program that reloads?); `tenrec logs host` has every case. This is told for an hour",
        { forMs: TOLD_FOR_MS },
      );
    },
    contested({ key, what }, times, until) {
      log.warning(`${what} ${times} times within minutes; it is left alone until ${clock(until)}`, { key });
      warnings.raise(
        `host-contested:${key}`,
        `${what} again and again, ${times} times within minutes: another program removes it. It is put back next at ${clock(until)}`,
        "let that program keep the rule or route, or stop it; floating addresses are not reached meanwhile",
      );
    },
    settled(key) {
      log.info(`${key} has stayed, it is looked after as before`);
      warnings.resolve(`host-contested:${key}`);
    },
    failed(damage, error) {
      const what = damage.map((one) => one.what).join("; ");
      const why = error === null ? "it was gone again at once" : messageOf(error);
      log.error(`cannot put this host right: ${what === "" ? "" : `${what}: `}${why}`);
      warnings.raise(
        failing,
        `something of this cloud on the host is damaged and could not be put right: ${what === "" ? why : `${what} (${why})`}`,
        "it is tried again by itself; `tenrec doctor` tells more",
      );
    },
    recovered() {
      log.info("the host is as it should be again");
      warnings.resolve(failing);
    },
    restarted(what) {
      warnings.raise(
        "host-restarted",
        `at ${clock(Date.now())} ${what} of this cloud had ended, and was started again; guests went on`,
        "`tenrec logs host`, and libvirtd's own log in DATA_DIR/libvirt/log, may tell why. This is told for an hour",
        { forMs: TOLD_FOR_MS },
      );
    },
  };
}
