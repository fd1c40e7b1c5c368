// For node's --import: appends the address of each module that is loaded to the file that LOADED names.
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

const { LOADED = "/dev/null" } = process.env;

registerHooks({
  load(url, context, nextLoad) {
    appendFileSync(LOADED, `${url}\n`);
    return nextLoad(url, context);
  },
});
