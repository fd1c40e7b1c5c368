import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { OperationRun } from "../../../kernel/operations/operations.ts";
import { DriverError } from "../driver/driver.ts";
import type { Server } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";
import type { Core } from "./core.ts";
import { refOf } from "./spec.ts";

/** What a snapshot's operation remembers: whether the guest may be frozen. */
interface QuiesceData {
  frozen?: true;
}

type Run = OperationRun<unknown, unknown>;

/**
 * Runs `body` while the running guest's file systems are frozen, as nova does it: tried where the image says that there is an agent
 * (hw_qemu_guest_agent), done without when that fails, unless the image requires it (os_require_quiesce). Whatever happens, also to this
 * program, the guest is thawed afterwards: an agent may freeze although it did not say so. Errors: DriverError `agent`.
 */
export async function quiesced<T>(core: Core, server: Server, run: Run, body: () => Promise<T>): Promise<T> {
  const { hw_qemu_guest_agent: agent, os_require_quiesce: required } = server.imageProperties;
  if (!isTrue(agent)) {
    if (isTrue(required)) throw new DriverError("agent", "QEMU guest agent is not enabled");
    return body();
  }
  const data = run.data as QuiesceData;
  data.frozen = true;
  run.save();
  try {
    await core.driver.freeze(refOf(core, server), run.signal);
  } catch (error) {
    // Who was aborted is gone, or taken up again by the next start.
    if (run.signal.aborted || isUnwritable(error)) throw error;
    await thawed(core, server, run).catch((failure: unknown) => {
      if (isUnwritable(failure)) throw failure;
    });
    if (isTrue(required)) throw error;
    core.kernel.log.info(`Skipping quiescing instance: ${messageOf(error)}`, { server: server.id });
    return body();
  }
  try {
    return await body();
  } finally {
    await thawed(core, server, run);
  }
}

/** First of all when an operation is taken up again: a crash may have left the guest frozen. */
export async function thawLeftFrozen(core: Core, server: Server, run: Run): Promise<void> {
  if ((run.data as QuiesceData).frozen !== true) return;
  try {
    await thawed(core, server, run);
  } catch (error) {
    if (isUnwritable(error)) throw error;
    core.kernel.log.warning(`server ${server.id} may have been left frozen: ${messageOf(error)}`);
  }
}

async function thawed(core: Core, server: Server, run: Run): Promise<void> {
  await core.driver.thaw(refOf(core, server));
  delete (run.data as QuiesceData).frozen;
  run.save();
}
