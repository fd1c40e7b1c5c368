/** Says whether the first process of the namespace it runs in reaps orphans. */
import { reapsOrphans } from "../../../src/host/facts.ts";

console.log(await reapsOrphans());
