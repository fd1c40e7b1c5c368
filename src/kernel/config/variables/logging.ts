import { boolean, colorMode, host, integer, nonEmpty, optional, path, port } from "../types.ts";
import { variable } from "../variable.ts";

export const loggingVariables = {
  LOGFILE: variable({
    type: optional(path),
    default: "",
    meaning: "Log of stack itself; the name gets a time stamp, the plain name links to the newest.",
  }),
  LOGDIR: variable({
    type: path,
    default: ({ get }) => `${get("DEST")}/logs`,
    derived: "DEST/logs",
    aliases: ["SCREEN_LOGDIR"],
    meaning: "Folder of the services' logs.",
  }),
  LOGDAYS: variable({ type: integer(0), default: "7", meaning: "Days after which old logs are removed." }),
  LOG_COLOR: variable({ type: colorMode, default: "auto", meaning: "Colours; auto means on a terminal." }),
  VERBOSE: variable({ type: boolean, default: "False", meaning: "Show every command and detail." }),
  VERBOSE_NO_TIMESTAMP: variable({ type: boolean, default: "False", meaning: "No time stamps on the terminal." }),
  TIMESTAMP_FORMAT: variable({ type: nonEmpty, default: "%F-%H%M%S", meaning: "Time stamp in log names (strftime)." }),
  ENABLE_DEBUG_LOG_LEVEL: variable({ type: boolean, default: "False", meaning: "Log debug messages." }),
  SYSLOG: variable({
    type: boolean,
    default: "False",
    meaning: "Send logs to a syslog server too, as RFC 5424 has them, over UDP.",
  }),
  SYSLOG_HOST: variable({
    type: host,
    default: ({ get }) => get("HOST_IP"),
    derived: "HOST_IP",
    meaning: "The syslog server.",
  }),
  SYSLOG_PORT: variable({ type: port, default: "516", meaning: "Its port." }),
};
