import { absentService } from "../absent.ts";
import { nearest } from "../nearest.ts";
import { notThere, type Remarks, staysOn, unknownServices, withoutEffect } from "../remarks.ts";
import { defaultServices, expandService, isKnownService, knownServices } from "../services.ts";
import { LDAP, NOVA_NETWORK, TEMPEST } from "../variables/accepted.ts";

/** Programs of the network back-end and of compute's inside: nobody misses the one that was switched off. */
const INNER: ReadonlySet<string> = new Set(["q-agt", "q-dhcp", "q-l3", "q-meta", "n-cond", "placement-client"]);

/** Service names of a localrc: which line named which, and what is to be said of them in the end. */
export class ServiceWords {
  readonly #remarks: Remarks;
  readonly #disabled = new Set<string>();
  readonly #lines = new Map<string, number>();

  constructor(remarks: Remarks) {
    this.#remarks = remarks;
  }

  /** Notes the line of every name in the text; the first one counts. */
  mention(text: string, line: number): void {
    for (const name of text.split(/[,\s]+/).filter((item) => item !== "" && !item.startsWith("-"))) {
      for (const service of [name, ...expandService(name)]) {
        if (!this.#lines.has(service)) this.#lines.set(service, line);
      }
    }
  }

  /** The list with a service or a group's members added; an earlier disable_service wins, as in DevStack. */
  enable(services: readonly string[], name: string, line: number): readonly string[] {
    const members = expandService(name);
    const refused = members.filter((service) => this.#disabled.has(service));
    if (refused.length > 0) {
      this.#remarks.say(
        "warning",
        line,
        `${refused.join(", ")} stays off`,
        "an earlier disable_service wins over enable_service; remove one of the two",
      );
    }
    return [...new Set([...services, ...members.filter((service) => !this.#disabled.has(service))])];
  }

  disable(name: string, line: number): void {
    const members = expandService(name);
    for (const service of members) this.#disabled.add(service);
    if (members.some((service) => defaultServices.includes(service) && !INNER.has(service))) {
      this.#remarks.group(staysOn, line, name);
    } else if (!isKnownService(name)) this.#unknown(name, line, false);
  }

  /** What those who read their list would be misled about. */
  describe(services: readonly string[], line: number): void {
    for (const service of services) {
      const at = this.#lines.get(service) ?? line;
      const feature = absentService(service);
      if (feature !== null) this.#remarks.group(notThere, at, feature);
      else if (service === "n-net") this.#remarks.group(withoutEffect(NOVA_NETWORK), at, service);
      else if (service === "tempest") this.#remarks.group(withoutEffect(TEMPEST), at, service);
      else if (service === "ldap") this.#remarks.group(withoutEffect(LDAP), at, service);
      else if (!isKnownService(service)) this.#unknown(service, at, true);
    }
  }

  /** A name that nobody knows; one that is switched off is told only when it is nearly a known one. */
  #unknown(name: string, line: number, told: boolean): void {
    const meant = nearest(name, knownServices);
    if (meant !== null) this.#remarks.say("warning", line, `unknown service "${name}"`, `did you mean ${meant}?`);
    else if (told) this.#remarks.group(unknownServices, line, name);
  }
}
