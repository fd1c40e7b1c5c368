import { boolean, choice, cidr4, host, optional, path, port, size } from "../types.ts";
import { type Variable, variable } from "../variable.ts";

const certificateFile = (meaning: string): Variable<string | null> =>
  variable({ type: optional(path), default: "", meaning });

const isTrue = (text: string): boolean => {
  const parsed = boolean.parse(text);
  return parsed.ok && parsed.value;
};

export const apiVariables = {
  API_PORT: variable({
    type: port,
    default: ({ get, facts }) => {
      if (get("VIRT_DRIVER") === "fake" && facts.uid !== 0) return "8088";
      return get("SERVICE_PROTOCOL") === "https" ? "443" : "80";
    },
    derived: "80 (443 with https; 8088 for VIRT_DRIVER=fake without root)",
    meaning: "The one port with every API under DevStack's paths (/identity, /compute/v2.1, …).",
  }),
  CLASSIC_PORTS: variable({
    type: boolean,
    default: "True",
    meaning: "Also listen on every service's own port below; a taken one is a warning.",
  }),
  SERVICE_LISTEN_ADDRESS: variable({
    type: host,
    default: ({ get }) => (get("SERVICE_IP_VERSION") === "6" ? "::" : "0.0.0.0"),
    derived: "0.0.0.0 (:: with SERVICE_IP_VERSION=6)",
    meaning: "Address the APIs bind to; 127.0.0.1 keeps a laptop's cloud to itself.",
  }),
  SERVICE_PROTOCOL: variable({
    type: choice("http", "https"),
    default: ({ get, isEnabled }) => (isEnabled("tls-proxy") || isTrue(get("USE_SSL")) ? "https" : "http"),
    derived: "http (https with the service tls-proxy)",
    meaning: "`https` (or `enable_service tls-proxy`) serves TLS with a certificate authority of our own.",
  }),
  USE_SSL: variable({ type: boolean, default: "False", meaning: "Older way to say `enable_service tls-proxy`." }),
  KEYSTONE_SSL_CERT: certificateFile(
    "A certificate of your own (PEM, the authorities between it and the root behind it), for all ports.",
  ),
  KEYSTONE_SSL_KEY: certificateFile("Its private key (PEM, without a passphrase)."),
  KEYSTONE_SSL_CA: certificateFile("The authority that signed it (PEM): what clients are to trust."),
  HOST_LINK_RANGE: variable({
    type: cidr4,
    default: "169.254.240.0/30",
    meaning: "Addresses of the link between the host and the stack's network namespace.",
  }),
  MAX_REQUEST_BODY_SIZE: variable({ type: size, default: "112K", meaning: "Longest JSON request body." }),
  ENFORCE_NEW_DEFAULTS: variable({
    type: boolean,
    default: "True",
    aliases: ["ENFORCE_SCOPE"],
    meaning: "Policies of the new RBAC ask for tokens of the right scope: project, domain or system.",
  }),
};
