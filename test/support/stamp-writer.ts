// stamp-writer.ts PATH BYTES: numbers at the beginning and then at the end of a disk, each durable before the next; tells its parent.
import { constants, openSync, writeSync } from "node:fs";
import { STAMP, stamp } from "./stamps.ts";

const [path = "", size = "0"] = process.argv.slice(2);
const file = openSync(path, constants.O_WRONLY | constants.O_DSYNC);
for (let n = 1; process.connected; n += 1) {
  writeSync(file, stamp(n), 0, STAMP, 0);
  writeSync(file, stamp(n), 0, STAMP, Number(size) - STAMP);
  await new Promise((resolve) => process.send?.(n, resolve));
}
