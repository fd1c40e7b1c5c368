import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Says "100 Continue" to a client that waits for it when somebody begins to read the body, and not before: who is refused for what is
 * known already (a signature, a bucket that is not there, a quota) need not send it.
 */
export function continueWhenRead(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const read = incoming._read;
  incoming._read = (size) => {
    incoming._read = read;
    // Behind the answer, what still comes is read to be thrown away.
    if (!outgoing.headersSent) outgoing.writeContinue();
    read.call(incoming, size);
  };
}
