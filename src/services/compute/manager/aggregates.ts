import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Aggregate } from "../store/aggregates.ts";
import type { Core } from "./core.ts";

/** Host aggregates, which also make availability zones. */
export class AggregateManager {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  list(): Aggregate[] {
    return this.#core.aggregates.list();
  }

  /** Errors: 400 for what is no number, 404. */
  get(id: string): Aggregate {
    if (!/^\s*[-+]?\d+\s*$/.test(id)) throw badRequest("Invalid input received: id must be an integer");
    const number = Number(id);
    const found = Number.isSafeInteger(number) ? this.#core.aggregates.find({ number }) : undefined;
    if (found === undefined) throw notFound(`Aggregate ${id} could not be found.`);
    return found;
  }

  /** Errors: 409 for a taken name. */
  create(name: string, zone: string | null): Aggregate {
    const { aggregates, kernel } = this.#core;
    return kernel.db.transaction(() => {
      this.#requireFreeName(name);
      const made = {
        uuid: uuid(),
        name,
        hosts: [],
        metadata: inZone(zone),
        createdAt: kernel.clock.now(),
        updatedAt: null,
      };
      aggregates.insert(made);
      return { ...made, number: aggregates.find({ uuid: made.uuid })?.number ?? 0 };
    });
  }

  /** Undefined: as it is; a zone of null: none. Errors: 400 while its hosts have servers, 404, 409 for a taken name. */
  update(id: string, { name, zone }: { name: string | undefined; zone: string | null | undefined }): Aggregate {
    return this.#core.kernel.db.transaction(() => {
      const aggregate = this.get(id);
      if (name !== undefined && name !== aggregate.name) this.#requireFreeName(name);
      const metadata = zone === undefined ? aggregate.metadata : this.#metadata(aggregate, { availability_zone: zone });
      return this.#saved(aggregate, { name: name ?? aggregate.name, metadata });
    });
  }

  /** Null removes. Errors: 400 while its hosts have servers and the zone changes, 404. */
  setMetadata(id: string, changes: Readonly<Record<string, string | null>>): Aggregate {
    return this.#core.kernel.db.transaction(() => {
      const aggregate = this.get(id);
      return this.#saved(aggregate, { metadata: this.#metadata(aggregate, changes) });
    });
  }

  /** Errors: 400 while it has hosts, 404. */
  delete(id: string): void {
    this.#core.kernel.db.transaction(() => {
      const { number, hosts } = this.get(id);
      if (hosts.length > 0) throw badRequest(`Cannot remove host aggregate ${number}: it is not empty`);
      this.#core.aggregates.deleteWhere({ number });
    });
  }

  /** Errors: 404, 409 for a host that it has, or that is in another zone. */
  addHost(id: string, host: string): Aggregate {
    return this.#core.kernel.db.transaction(() => {
      const aggregate = this.get(id);
      const { number, metadata } = aggregate;
      if (this.#core.hosts.hypervisor()?.hostname !== host) throw notFound(`Compute host ${host} could not be found.`);
      if (aggregate.hosts.includes(host)) throw conflict(`Aggregate ${number} already has host ${host}.`);
      const zone = metadata.availability_zone;
      const zones = this.list().flatMap((one) =>
        one.hosts.includes(host) ? (one.metadata.availability_zone ?? []) : [],
      );
      const other = zones.find((one) => one !== zone);
      if (zone !== undefined && other !== undefined)
        throw conflict(
          `Cannot add host to aggregate ${number}. Reason: One or more hosts already in availability zone(s) ['${other}'].`,
        );
      return this.#withHosts(aggregate, [...aggregate.hosts, host]);
    });
  }

  /** Errors: 404, also for a host that it has not. */
  removeHost(id: string, host: string): Aggregate {
    return this.#core.kernel.db.transaction(() => {
      const aggregate = this.get(id);
      const { number, hosts } = aggregate;
      if (!hosts.includes(host)) throw notFound(`Cannot remove host ${host} in aggregate ${number}`);
      return this.#withHosts(
        aggregate,
        hosts.filter((one) => one !== host),
      );
    });
  }

  /** Nothing is to be fetched: the one host has the image service's own files, which guests' disks lie on. Errors: 400 for one twice, 404. */
  cacheImages(id: string, images: readonly string[]): void {
    if (new Set(images).size !== images.length) throw badRequest("Duplicate images in request");
    const { hosts } = this.get(id);
    this.#core.kernel.tracer.note("note", "images are on the host already", { images, hosts });
  }

  #saved(aggregate: Aggregate, wanted: Partial<Aggregate>): Aggregate {
    const changes = { ...wanted, updatedAt: this.#core.kernel.clock.now() };
    this.#core.aggregates.updateWhere({ number: aggregate.number }, changes);
    return { ...aggregate, ...changes };
  }

  /** Hosts are rows of their own in nova: the aggregate itself does not become newer. */
  #withHosts(aggregate: Aggregate, hosts: readonly string[]): Aggregate {
    this.#core.aggregates.updateWhere({ number: aggregate.number }, { hosts });
    return { ...aggregate, hosts };
  }

  #requireFreeName(name: string): void {
    if (this.#core.aggregates.has({ name })) throw conflict(`Aggregate ${name} already exists.`);
  }

  /** With changes. Errors: 400 where servers would change their zone under their feet. */
  #metadata(
    { number, hosts, metadata }: Aggregate,
    changes: Readonly<Record<string, string | null>>,
  ): Record<string, string> {
    const next: Record<string, string> = { ...metadata };
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete next[key];
      else next[key] = value;
    }
    const movesHosts = hosts.length > 0 && next.availability_zone !== metadata.availability_zone;
    if (movesHosts && this.#core.servers.hostUsage().servers > 0)
      throw badRequest(`Cannot update aggregate ${number}. Reason: One or more hosts contain instances in this zone.`);
    return next;
  }
}

const inZone = (zone: string | null): Record<string, string> => (zone === null ? {} : { availability_zone: zone });
