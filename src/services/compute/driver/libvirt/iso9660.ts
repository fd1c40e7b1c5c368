/**
 * A small ISO 9660 writer: files in memory → an image with Joliet and Rock Ridge names, as `genisoimage -J -r` makes it. Enough
 * for config drives (ECMA-119; the Joliet specification; SUSP/RRIP 1.12). Path "a/b/c.txt" makes the folders on its way.
 */
export function iso9660(
  label: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: { now: Date },
): Buffer {
  const root = tree(files);
  const date = recordingDate(options.now);
  const plain = new View(root, plainNames(root), date, "rock-ridge");
  const joliet = new View(root, jolietNames(root), date, "joliet");

  let sector = FIRST_FREE_SECTOR;
  sector = plain.place(sector);
  sector = joliet.place(sector);
  for (const file of allFiles(root)) {
    file.sector = sector;
    sector += sectors(file.content.length);
  }

  const image = Buffer.alloc(sector * SECTOR);
  volumeDescriptor(image.subarray(16 * SECTOR), { label, sector, date: options.now, view: plain, joliet: false });
  volumeDescriptor(image.subarray(17 * SECTOR), { label, sector, date: options.now, view: joliet, joliet: true });
  image.write("\xffCD001\x01", 18 * SECTOR, "latin1");
  plain.write(image);
  joliet.write(image);
  for (const file of allFiles(root)) file.content.copy(image, file.sector * SECTOR);
  return image;
}

const SECTOR = 2048;
/** 16 system sectors, three volume descriptors. */
const FIRST_FREE_SECTOR = 19;

interface File {
  readonly kind: "file";
  readonly name: string;
  readonly content: Buffer;
  sector: number;
}

interface Folder {
  readonly kind: "folder";
  readonly name: string;
  readonly entries: Map<string, File | Folder>;
}

function tree(files: Readonly<Record<string, string | Uint8Array>>): Folder {
  const root: Folder = { kind: "folder", name: "", entries: new Map() };
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split("/").filter((part) => part !== "");
    const name = parts.pop();
    // "..", a NUL or a name longer than Joliet's 64 characters could not be read back as what it is.
    if (
      name === undefined ||
      [...parts, name].some((part) => !/^[^\p{Cc}*/:;?\\]{1,64}$/u.test(part) || /^\.+$/.test(part))
    )
      throw new TypeError(`"${path}" cannot be a file on a config drive`);
    let folder = root;
    for (const part of parts) {
      const next = folder.entries.get(part) ?? { kind: "folder", name: part, entries: new Map() };
      if (next.kind === "file") throw new TypeError(`"${path}" lies below a file`);
      folder.entries.set(part, next);
      folder = next;
    }
    if (folder.entries.has(name)) throw new TypeError(`"${path}" is there twice`);
    folder.entries.set(name, { kind: "file", name, content: Buffer.from(content as Uint8Array), sector: 0 });
  }
  return root;
}

/** Folders level by level, each level in the order of its parents: the order of a path table. */
function foldersOf(root: Folder): { folder: Folder; parent: number }[] {
  const list = [{ folder: root, parent: 0 }];
  for (let index = 0; index < list.length; index += 1) {
    const at = list[index];
    if (at === undefined) break;
    for (const entry of sorted(at.folder)) if (entry.kind === "folder") list.push({ folder: entry, parent: index });
  }
  return list;
}

function sorted(folder: Folder): (File | Folder)[] {
  return [...folder.entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function allFiles(folder: Folder): File[] {
  return sorted(folder).flatMap((entry) => (entry.kind === "file" ? [entry] : allFiles(entry)));
}

type Names = ReadonlyMap<File | Folder, Buffer>;

/** Names every reader takes; people see Rock Ridge's or Joliet's. Numbers in sorted order keep the records sorted. */
function plainNames(root: Folder): Names {
  const names = new Map<File | Folder, Buffer>();
  for (const { folder } of foldersOf(root))
    for (const [index, entry] of sorted(folder).entries()) {
      const number = String(index).padStart(7, "0");
      names.set(entry, Buffer.from(entry.kind === "file" ? `F${number}.;1` : `F${number}`, "latin1"));
    }
  return names;
}

function jolietNames(root: Folder): Names {
  const names = new Map<File | Folder, Buffer>();
  for (const { folder } of foldersOf(root)) for (const entry of sorted(folder)) names.set(entry, ucs2(entry.name));
  return names;
}

function ucs2(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

/** One of the two folder trees of an image (they share the files), and where it lies. */
class View {
  readonly #folders: { folder: Folder; parent: number; sector: number; size: number }[];
  readonly #names: Names;
  readonly #date: Buffer;
  readonly #kind: "rock-ridge" | "joliet";
  #tables = { little: 0, big: 0, size: 0 };

  constructor(root: Folder, names: Names, date: Buffer, kind: "rock-ridge" | "joliet") {
    this.#names = names;
    this.#date = date;
    this.#kind = kind;
    this.#folders = foldersOf(root).map((entry) => ({ ...entry, sector: 0, size: 0 }));
  }

  get tables(): { little: number; big: number; size: number } {
    return this.#tables;
  }

  /** The root folder's own record, which volume descriptors hold a copy of. */
  get rootRecord(): Buffer {
    const [root] = this.#folders;
    if (root === undefined) throw new TypeError("no root folder");
    return record({ id: Buffer.from([0]), sector: root.sector, size: root.size, folder: true, date: this.#date });
  }

  /** Gives path tables and folders their sectors from `sector` on; the next free one. */
  place(sector: number): number {
    let next = sector;
    const size = this.#pathTable("little").length;
    this.#tables = { little: next, big: next + sectors(size), size };
    next += 2 * sectors(size);
    for (const entry of this.#folders) {
      // Sizes do not depend on where things are.
      entry.size = this.#folderData(entry).length;
      entry.sector = next;
      next += sectors(entry.size);
    }
    return next;
  }

  write(image: Buffer): void {
    this.#pathTable("little").copy(image, this.#tables.little * SECTOR);
    this.#pathTable("big").copy(image, this.#tables.big * SECTOR);
    for (const entry of this.#folders) this.#folderData(entry).copy(image, entry.sector * SECTOR);
  }

  #pathTable(order: "little" | "big"): Buffer {
    return Buffer.concat(
      this.#folders.map(({ folder, parent, sector }, index) => {
        const name = index === 0 ? Buffer.from([0]) : this.#nameOf(folder);
        const entry = Buffer.alloc(8 + name.length + (name.length % 2));
        entry[0] = name.length;
        if (order === "little") {
          entry.writeUInt32LE(sector, 2);
          entry.writeUInt16LE(parent + 1, 6);
        } else {
          entry.writeUInt32BE(sector, 2);
          entry.writeUInt16BE(parent + 1, 6);
        }
        name.copy(entry, 8);
        return entry;
      }),
    );
  }

  #folderData(at: { folder: Folder; parent: number; sector: number; size: number }): Buffer {
    const above = this.#folders[at.parent] ?? at;
    const isRoot = at.folder.name === "";
    const own = { sector: at.sector, size: at.size, folder: true, date: this.#date };
    const up = { sector: above.sector, size: above.size, folder: true, date: this.#date };
    const records = [
      record({ ...own, id: Buffer.from([0]), extra: this.#extra(null, true, isRoot) }),
      record({ ...up, id: Buffer.from([1]), extra: this.#extra(null, true, false) }),
    ];
    for (const entry of sorted(at.folder)) {
      const id = this.#nameOf(entry);
      const extra = this.#extra(entry.name, entry.kind === "folder", false);
      if (entry.kind === "file") {
        const { sector, content } = entry;
        records.push(record({ id, sector, size: content.length, folder: false, date: this.#date, extra }));
      } else {
        const found = this.#folders.find(({ folder }) => folder === entry);
        const { sector = 0, size = 0 } = found ?? {};
        records.push(record({ id, sector, size, folder: true, date: this.#date, extra }));
      }
    }
    return packed(records);
  }

  /** System use area: the real name and mode. */
  #extra(name: string | null, folder: boolean, first: boolean): Buffer {
    if (this.#kind === "joliet") return Buffer.alloc(0);
    const parts: Buffer[] = [];
    if (first) parts.push(Buffer.from([0x53, 0x50, 7, 1, 0xbe, 0xef, 0])); // SP: these fields are in use
    const mode = Buffer.alloc(36);
    mode.write("PX\x24\x01", "latin1");
    both32(mode, 4, folder ? 0o040555 : 0o100444);
    both32(mode, 12, folder ? 2 : 1);
    parts.push(mode);
    if (name !== null) {
      const text = Buffer.from(name, "utf8");
      parts.push(Buffer.concat([Buffer.from([0x4e, 0x4d, 5 + text.length, 1, 0]), text])); // NM
    }
    return Buffer.concat(parts);
  }

  #nameOf(entry: File | Folder): Buffer {
    return this.#names.get(entry) ?? Buffer.alloc(0);
  }
}

interface RecordFields {
  readonly id: Buffer;
  readonly sector: number;
  readonly size: number;
  readonly folder: boolean;
  readonly date: Buffer;
  readonly extra?: Buffer;
}

function record({ id, sector, size, folder, date, extra = Buffer.alloc(0) }: RecordFields): Buffer {
  const head = 33 + id.length + ((id.length + 1) % 2);
  const length = head + extra.length + (extra.length % 2);
  if (length > 255) throw new TypeError("a file name is too long for a config drive");
  const bytes = Buffer.alloc(length);
  bytes[0] = length;
  both32(bytes, 2, sector);
  both32(bytes, 10, folder ? sectors(size) * SECTOR : size);
  date.copy(bytes, 18);
  bytes[25] = folder ? 2 : 0;
  both16(bytes, 28, 1);
  bytes[32] = id.length;
  id.copy(bytes, 33);
  extra.copy(bytes, head);
  return bytes;
}

/** A record must not cross the end of a sector. */
function packed(records: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let used = 0;
  for (const bytes of records) {
    const left = SECTOR - (used % SECTOR);
    if (bytes.length > left) {
      parts.push(Buffer.alloc(left));
      used += left;
    }
    parts.push(bytes);
    used += bytes.length;
  }
  return Buffer.concat(parts);
}

function volumeDescriptor(
  at: Buffer,
  { label, sector, date, view, joliet }: { label: string; sector: number; date: Date; view: View; joliet: boolean },
): void {
  const text = (offset: number, length: number, value: string): void => {
    if (joliet) ucs2(value.padEnd(length / 2, " ").slice(0, Math.floor(length / 2))).copy(at, offset);
    else at.write(value.padEnd(length, " ").slice(0, length), offset, "latin1");
  };
  at[0] = joliet ? 2 : 1;
  at.write("CD001\x01", 1, "latin1");
  text(8, 32, "LINUX");
  text(40, 32, label);
  both32(at, 80, sector);
  // Level 3: UCS-2, all of it.
  if (joliet) at.write("%/E", 88, "latin1");
  both16(at, 120, 1);
  both16(at, 124, 1);
  both16(at, 128, SECTOR);
  both32(at, 132, view.tables.size);
  at.writeUInt32LE(view.tables.little, 140);
  at.writeUInt32BE(view.tables.big, 148);
  view.rootRecord.copy(at, 156);
  for (const offset of [190, 318, 446, 574]) text(offset, 128, "");
  for (const offset of [702, 739, 776]) text(offset, offset === 739 ? 36 : 37, "");
  const made = longDate(date);
  at.write(made, 813, "latin1");
  at.write(made, 830, "latin1");
  at.write(`${"0".repeat(16)}\0`, 847, "latin1");
  at.write(made, 864, "latin1");
  at[881] = 1;
}

function longDate(date: Date): string {
  return `${date
    .toISOString()
    .replace(/[-:TZ.]/g, "")
    .slice(0, 14)}00\0`;
}

function recordingDate(date: Date): Buffer {
  return Buffer.from([
    ...[date.getUTCFullYear() - 1900, date.getUTCMonth() + 1, date.getUTCDate()],
    ...[date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), 0],
  ]);
}

function both32(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value, offset);
  bytes.writeUInt32BE(value, offset + 4);
}

function both16(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt16LE(value, offset);
  bytes.writeUInt16BE(value, offset + 2);
}

function sectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}
