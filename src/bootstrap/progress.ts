import type { Progress } from "./steps.ts";

/** Shows steps in several places at once (terminal and log file). */
export function combinedProgress(...places: readonly Progress[]): Progress {
  return {
    begin: (step) => {
      for (const place of places) place.begin(step);
    },
    update: (remark) => {
      for (const place of places) place.update(remark);
    },
    end: (step, milliseconds, remark) => {
      for (const place of places) place.end(step, milliseconds, remark);
    },
    fail: (step, milliseconds, error) => {
      for (const place of places) place.fail(step, milliseconds, error);
    },
  };
}
