import { absentService } from "../absent.ts";
import { nearest } from "../nearest.ts";
import { notThere, type Remarks, staysOn, unknownServices, withoutEffect } from "../remarks.ts";
import type { ServiceNames } from "../services.ts";
import { LDAP, TEMPEST } from "../variables/accepted.ts";

/** Service names of a localrc: which line named which, and what is to be said of them in the end. */
export class ServiceWords {
  readonly #names: ServiceNames;
  readonly #remarks: Remarks;
  readonly #disabled = new Map<string, number>();
  readonly #taken = new Map<string, number>();
  readonly #lines = new Map<string, number>();

  constructor(names: ServiceNames, remarks: Remarks) {
    this.#names = names;
    this.#remarks = remarks;
  }

  /** Notes the line of every name in the text; the first one counts. */
  mention(text: string, line: number): void {
    for (const name of text.split(/[,\s]+/).filter((item) => item !== "" && !item.startsWith("-"))) {
      for (const service of [name, ...this.#names.expand(name)]) {
        if (!this.#lines.has(service)) this.#lines.set(service, line);
      }
    }
  }

  /** The list with a service or a group's members added; an earlier disable_service wins, as in DevStack. */
  enable(services: readonly string[], name: string, line: number): readonly string[] {
    const members = this.#names.complete(this.#names.expand(name), this);
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
    for (const service of this.#names.expand(name)) if (!this.#disabled.has(service)) this.#disabled.set(service, line);
    if (!this.#names.isKnown(name)) this.#unknown(name, line, false);
  }

  /** As `-name` in a list does: it may be enabled again. */
  takenAway(names: readonly string[], line: number): void {
    for (const service of names.flatMap((name) => this.#names.expand(name))) this.#taken.set(service, line);
  }

  /** The line that switched a service off, or took it out of the list. */
  offAt(name: string): number | null {
    return this.#disabled.get(name) ?? this.#taken.get(name) ?? null;
  }

  /** What those who read their list would be misled about. */
  describe(services: readonly string[], line: number): void {
    for (const [name, at] of this.#disabled) {
      const api = this.#apiOf(name);
      if (api !== null && services.includes(api)) this.#remarks.group(staysOn(api), at, name);
    }
    for (const name of services) {
      const api = this.#apiOf(name);
      const owner = this.#names.ownerOf(name);
      if (api === null || owner === null || owner.api.some((one) => services.includes(one))) continue;
      this.#remarks.group(
        withoutEffect(`without ${api} there is no ${owner.project}`),
        this.#lines.get(name) ?? this.#disabled.get(api) ?? line,
        name,
      );
    }
    for (const service of services) {
      const at = this.#lines.get(service) ?? line;
      const feature = absentService(service);
      const note = this.#names.noteOf(service);
      if (feature !== null) this.#remarks.group(notThere, at, feature);
      else if (note !== null) this.#remarks.group(withoutEffect(note), at, service);
      else if (service === "tempest") this.#remarks.group(withoutEffect(TEMPEST), at, service);
      else if (service === "ldap") this.#remarks.group(withoutEffect(LDAP), at, service);
      else if (!this.#names.isKnown(service)) this.#unknown(service, at, true);
    }
  }

  /** The API with which a member comes and goes; null for what can be left out by itself, and where nobody notices. */
  #apiOf(name: string): string | null {
    const owner = this.#names.ownerOf(name);
    const alone = [...(owner?.api ?? []), ...(owner?.parts ?? []), ...(owner?.inner ?? [])];
    return owner === null || alone.includes(name) ? null : (owner.api[0] ?? null);
  }

  /** A name that nobody knows; one that is switched off is told only when it is nearly a known one. */
  #unknown(name: string, line: number, told: boolean): void {
    const meant = nearest(name, this.#names.known);
    if (meant !== null) this.#remarks.say("warning", line, `unknown service "${name}"`, `did you mean ${meant}?`);
    else if (told) this.#remarks.group(unknownServices, line, name);
  }
}
