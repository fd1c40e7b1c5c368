import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { formatJson, type LogRecord, type LogSink } from "../kernel/log/logger.ts";

/** RFC 5424's severities; the facility is user (1), as oslo.log's syslog_log_facility. */
const SEVERITY: Record<LogRecord["level"], number> = { error: 3, warning: 4, info: 6, debug: 7 };
const FACILITY = 1;
/** Longer ones would be cut into pieces on the way, or lost. */
const LONGEST = 8192;

/** One record as a syslog message: program and pid, the request as its id, then the record's own JSON. */
export function syslogLine(record: LogRecord, host: string, pid: number): string {
  const priority = FACILITY * 8 + SEVERITY[record.level];
  const time = new Date(record.time).toISOString();
  const name = record.name.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, 48) || "-";
  const request = record.requestId?.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, 32) ?? "-";
  return `<${priority}>1 ${time} ${host} ${name} ${pid} ${request} - ${formatJson(record)}`;
}

/**
 * Sends each record to a syslog server over UDP (RFC 5426). Nobody waits for it, and a server that is not there costs its lines
 * and nothing else.
 */
export function syslogSink(
  server: { readonly host: string; readonly port: number },
  hostname: string,
): { sink: LogSink; close(): void } {
  const socket = createSocket(isIPv6(server.host) ? "udp6" : "udp4");
  // The log must not be what ends the program, nor keep it.
  socket.on("error", () => {});
  socket.unref();
  let closed = false;
  return {
    sink(record) {
      if (closed) return;
      const line = Buffer.from(syslogLine(record, hostname, process.pid)).subarray(0, LONGEST);
      socket.send(line, server.port, server.host, () => {});
    },
    close() {
      if (!closed) socket.close();
      closed = true;
    },
  };
}
