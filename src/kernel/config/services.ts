import { absentGroups, absentService, absentServiceNames } from "./absent.ts";
import type { DevStackNames, ServiceDeclaration } from "./declaration.ts";

/** A project of DevStack: what its services' names begin with, and what enabling it by its name enables. */
interface Group {
  readonly prefix: string | null;
  readonly members: readonly string[];
  readonly others: readonly string[];
}

/** The dashboard, which is no service of the catalog. */
const DASHBOARD = "horizon";

/** Names that are understood: programs that one process makes unnecessary. */
const otherServices: readonly string[] = [
  DASHBOARD,
  "tls-proxy",
  "tempest",
  "mysql",
  "postgresql",
  "rabbit",
  "qpid",
  "zeromq",
  "etcd3",
  "ldap",
  "dstat",
  "pidstat",
  "sysstat",
  "tempestsysstat",
  "memory_tracker",
  "file_tracker",
  "peakmem_tracker",
  "openstack-cli-server",
];

/** DevStack's names of services: those of the services that there are, and of those that are not. */
export class ServiceNames {
  /** On by default: of DevStack's list what there is, with the agents of our network back-end. */
  readonly defaults: readonly string[];
  readonly known: readonly string[];
  readonly #declarations: readonly ServiceDeclaration[];
  readonly #groups = new Map<string, Group>();
  readonly #synonyms = new Map<string, string>();
  readonly #holds = new Map<string, readonly string[]>();

  constructor(declarations: readonly ServiceDeclaration[]) {
    this.#declarations = declarations;
    for (const { project, prefix, members } of absentGroups) this.#groups.set(project, { prefix, members, others: [] });
    const all = declarations.flatMap(({ devstack }) => devstack ?? []);
    for (const { project, prefix = null, members, others = [], synonyms = {}, holds = {} } of all) {
      this.#groups.set(project, { prefix, members, others });
      for (const [other, name] of Object.entries(synonyms)) this.#synonyms.set(other, name);
      for (const [name, parts] of Object.entries(holds)) this.#holds.set(name, parts);
    }
    this.defaults = [...all.flatMap(({ members }) => members), DASHBOARD];
    this.known = [
      ...new Set([
        ...this.defaults,
        ...this.#groups.keys(),
        ...[...this.#groups.values()].flatMap(({ members, others }) => [...members, ...others]),
        ...this.#synonyms.keys(),
        ...otherServices,
        ...absentServiceNames,
      ]),
    ];
  }

  /** Whether the name means something, here or in DevStack. */
  isKnown(name: string): boolean {
    return this.known.includes(name) || absentService(name) !== null;
  }

  /** Whether DevStack knows a service that there is by that name. */
  isProject(name: string): boolean {
    return this.#declarations.some(({ devstack }) => devstack?.project === name);
  }

  /** What is to be said of a name that is taken for another thing, or null. */
  noteOf(name: string): string | null {
    return this.#declarations.flatMap(({ devstack }) => devstack?.notes?.[name] ?? [])[0] ?? null;
  }

  /** What a name in `enable_service NAME` turns on: itself, or a project's members. */
  expand(name: string): readonly string[] {
    const canonical = this.#canonical(name);
    return this.#groups.get(canonical)?.members ?? [canonical];
  }

  /**
   * Resolves an ENABLED_SERVICES text: commas or blanks between names, projects expanded, doubles dropped, `-name` removes
   * wherever it stands (DevStack cleans the list up after localrc was read).
   */
  resolve(text: string): readonly string[] {
    const items = text.split(/[,\s]+/).filter((item) => item !== "");
    const removed = items.filter((item) => item.startsWith("-")).map((item) => item.slice(1));
    const listed = items.filter((item) => !item.startsWith("-")).flatMap((name) => this.expand(name));
    return [...new Set(listed)].filter((service) => !removed.some((name) => this.#belongs(service, name)));
  }

  /** Takes a service or a project out of a list. */
  without(services: readonly string[], name: string): readonly string[] {
    return services.filter((service) => !this.#belongs(service, name));
  }

  /** DevStack's is_service_enabled: true for a listed service, and for a project one of whose services is listed. */
  isEnabled(enabledServices: readonly string[], name: string): boolean {
    return enabledServices.some((service) => this.#belongs(service, name));
  }

  /** As `complete`, of an ENABLED_SERVICES text; `-name` in it switches off, too. */
  completeText(text: string, off: { offAt(name: string): number | null }): string {
    const listed = this.resolve(text);
    const gone = text.split(/[,\s]+/).flatMap((item) => (item.startsWith("-") ? this.expand(item.slice(1)) : []));
    const offAt = (name: string) => (gone.includes(name) ? 0 : off.offAt(name));
    return [text, ...this.complete(listed, { offAt }).filter((name) => !listed.includes(name))].join(",");
  }

  /** The service that a name of `enable_service` is a member of. */
  ownerOf(member: string): DevStackNames | null {
    return this.#declarations.find(({ devstack }) => devstack?.members.includes(member))?.devstack ?? null;
  }

  /** A list with the parts that older lists did not name, but for those that are switched off. */
  complete(services: readonly string[], off: { offAt(name: string): number | null }): readonly string[] {
    const held = services.flatMap((name) => this.#holds.get(name) ?? []);
    return [...new Set([...services, ...held.filter((name) => off.offAt(name) === null)])];
  }

  /** Of the services that there are, those that a list makes part of the cloud. */
  present(enabledServices: readonly string[]): readonly ServiceDeclaration[] {
    return this.#declarations.filter(
      ({ devstack }) => devstack === undefined || devstack.api.some((name) => enabledServices.includes(name)),
    );
  }

  #canonical(name: string): string {
    return this.#synonyms.get(name) ?? name;
  }

  /** Whether a listed service is the named one, or belongs to the named project. */
  #belongs(service: string, name: string): boolean {
    const canonical = this.#canonical(name);
    if (service === canonical) return true;
    const group = this.#groups.get(canonical);
    if (group === undefined) return false;
    return group.members.includes(service) || (group.prefix !== null && service.startsWith(group.prefix));
  }
}
