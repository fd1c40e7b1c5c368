/**
 * Started inside a network namespace by listen.ts. It opens a listening socket there, hands it to its parent over the
 * IPC channel and ends: a socket stays in the namespace in which it was made, whoever holds it afterwards.
 */
import { createServer } from "node:net";

const [host = "", port = ""] = process.argv.slice(-2);
const server = createServer();
server.on("error", (error) => process.send?.({ error: String(error) }, () => process.exit(1)));
// The parent answers once it has the socket; before that the only reference to it is here.
process.on("message", () => process.exit(0));
process.on("disconnect", () => process.exit(0));
server.listen({ host, port: Number(port) }, () => process.send?.({ listening: true }, server));
