import { type BytePiece, OpenBytes } from "../../../kernel/bytes/open-bytes.ts";
import { ApiError, conflict } from "../../../kernel/errors.ts";
import { containerNotFound, objectNotFound } from "../errors.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import { SYMLOOP_MAX } from "../values/limits.ts";
import { secondsOf } from "../values/stamps.ts";
import type { ContainerManager } from "./containers.ts";
import type { Core } from "./core.ts";
import {
  DYNAMIC_LISTING_LIMIT,
  dynamicEtag,
  dynamicSegments,
  parseDynamic,
  type Segment,
  segmentChanged,
  segmentLength,
  segmentsOf,
} from "./large-objects.ts";
import type { ObjectManager } from "./objects.ts";

/** How deep large objects may lead to large objects. */
const MOST_LEVELS = 10;

/** An object's bytes, as whoever reads them sees them: a large object is one, a link is what it leads to. */
export interface Readable {
  row: ObjectRow;
  size: number;
  etag: string;
  /** Whether the etag is written in quotes: that of large objects is. */
  isLarge: boolean;
  /** Milliseconds since the epoch, on a whole second. */
  modified: number;
  /** All of it at once, where it is at hand; null: it has to be opened. */
  atHand(): Uint8Array | null;
  /** Opens what is read first. Errors: 404, 409 for a segment that is another by now. */
  open(start: number, end: number): Promise<OpenBytes>;
}

/** Asked before anything of another container is read. Errors: 401, 403. */
export type MayRead = (account: string, container: string) => void;

const NO_BYTES = new Uint8Array();

export class Reading {
  readonly #core: Core;
  readonly #containers: ContainerManager;
  readonly #objects: ObjectManager;

  constructor(core: Core, containers: ContainerManager, objects: ObjectManager) {
    this.#core = core;
    this.#containers = containers;
    this.#objects = objects;
  }

  /**
   * Goes where a link leads, and where that does.
   * Errors: 404; 409 for links that go on too long, or whose target is not the one they were made for.
   */
  follow(
    container: ContainerRow,
    row: ObjectRow,
    mayRead: MayRead,
  ): { container: ContainerRow; row: ObjectRow; via: string | null } {
    let at = { container, row, via: null as string | null };
    for (let links = 0; at.row.system.symlink !== undefined; links += 1) {
      if (links >= SYMLOOP_MAX) throw conflict(`Too many levels of symbolic links, maximum allowed is ${SYMLOOP_MAX}`);
      const { target, account = at.container.account, etag } = at.row.system.symlink;
      const [containerName = "", name = ""] = splitPath(target);
      mayRead(account, containerName);
      const next = this.#containers.get(account, containerName);
      const found = next === undefined ? undefined : this.#objects.get(next.id, name);
      if (next === undefined || found === undefined) throw objectNotFound();
      if (etag !== undefined && etag !== (found.system.slo?.etag ?? found.etag))
        throw conflict(`Object Etag "${found.etag}" does not match X-Symlink-Target-Etag header "${etag}"`);
      at = { container: next, row: found, via: `/v1/${account}/${target}` };
    }
    return at;
  }

  /** The bytes a row has itself: of a manifest the manifest. */
  own(row: ObjectRow): Readable {
    const { contents } = this.#core;
    const { blob, size, etag } = row;
    return {
      row,
      size,
      etag,
      isLarge: false,
      modified: secondsOf(row.posted) * 1000,
      atHand: () => (blob === null ? NO_BYTES : (contents.inline(blob) ?? null)),
      async open(start, end) {
        if (blob === null) throw objectNotFound();
        return (await contents.open(blob)).range(start, end);
      },
    };
  }

  /** What the object is as a whole. Errors: 404 for a dynamic one whose segments' container is not there. */
  whole(container: ContainerRow, row: ObjectRow, mayRead: MayRead, level = 0): Readable {
    if (level > MOST_LEVELS) throw conflict("", { type: "InvalidRequest" });
    const { account } = container;
    const dynamic = row.headers["x-object-manifest"];
    if (row.system.slo !== undefined) {
      const { size, etag } = row.system.slo;
      const segments = segmentsOf(this.#manifest(row));
      return {
        ...this.own(row),
        size,
        etag,
        isLarge: true,
        atHand: () => null,
        open: this.#opener(account, segments, mayRead, level),
      };
    }
    if (dynamic === undefined) return this.own(row);
    const { container: name, prefix } = parseDynamic(dynamic);
    mayRead(account, name);
    const from = this.#containers.get(account, name);
    if (from === undefined) throw containerNotFound();
    const listed = this.#containers.list(from, { limit: DYNAMIC_LISTING_LIMIT, prefix });
    const segments = dynamicSegments(name, listed);
    const size = segments.reduce((sum, segment) => sum + segmentLength(segment), 0);
    return {
      ...this.own(row),
      size,
      etag: dynamicEtag(listed),
      isLarge: true,
      atHand: () => null,
      open: this.#opener(account, segments, mayRead, level),
    };
  }

  #manifest(row: ObjectRow): Uint8Array {
    const { blob, size } = row;
    if (blob === null) return NO_BYTES;
    return this.#core.contents.inline(blob) ?? this.#core.files.readSync(blob, 0, size);
  }

  #opener(account: string, segments: readonly Segment[], mayRead: MayRead, level: number): Readable["open"] {
    return async (start, end) => {
      const pieces = piecesOf(segments, start, end);
      const open = (piece: Piece) => this.#openPiece(account, piece, mayRead, level);
      // The first is opened before the answer begins: what is wrong with it can still be said.
      let next: OpenBytes | null = pieces[0] === undefined ? null : await open(pieces[0]);
      let current: OpenBytes | null = null;
      async function* opened(): AsyncGenerator<BytePiece> {
        for (const piece of pieces) {
          current = next ?? (await open(piece));
          next = null;
          yield* current.pieces;
          await current.close();
          current = null;
        }
      }
      return new OpenBytes(opened(), async () => {
        await current?.close();
        await next?.close();
      });
    };
  }

  async #openPiece(
    account: string,
    { segment, start, end }: Piece,
    mayRead: MayRead,
    level: number,
  ): Promise<OpenBytes> {
    const { container: name, data } = segment;
    if (data !== null) return atHand(data.subarray(start, end));
    mayRead(account, name);
    const container = this.#containers.get(account, name);
    const row = container === undefined ? undefined : this.#objects.get(container.id, segment.name);
    if (container === undefined || row === undefined) throw segmentChanged();
    const target = this.follow(container, row, mayRead);
    const readable = this.whole(target.container, target.row, mayRead, level + 1);
    if ((segment.etag !== null && segment.etag !== readable.etag) || segment.end > readable.size)
      throw segmentChanged();
    const bytes = readable.atHand();
    if (bytes !== null) return atHand(bytes.subarray(start, end));
    try {
      return await readable.open(start, end);
    } catch (error) {
      throw error instanceof ApiError && error.status === 404 ? segmentChanged() : error;
    }
  }
}

/** A part of a segment: from `start` to before `end` of the object that it is. */
interface Piece {
  segment: Segment;
  start: number;
  end: number;
}

function piecesOf(segments: readonly Segment[], start: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const segment of segments) {
    const length = segmentLength(segment);
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, length);
    if (from < to) pieces.push({ segment, start: segment.start + from, end: segment.start + to });
    at += length;
  }
  return pieces;
}

const atHand = (bytes: Uint8Array) => new OpenBytes([bytes], () => {});

/** "container/object" → both. */
export function splitPath(path: string): [string, string] | [] {
  const [, container, name] = /^\/*([^/]+)\/(.+)$/s.exec(path) ?? [];
  return container === undefined || name === undefined ? [] : [container, name];
}
