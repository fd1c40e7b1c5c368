import { LibvirtProtocolError } from "./errors.ts";
import { XdrReader, XdrWriter } from "./xdr.ts";

/** How one type goes onto the wire and comes off it. Methods (not arrow properties), so that codecs of records compose. */
export interface Codec<T> {
  write(writer: XdrWriter, value: T): void;
  read(reader: XdrReader): T;
}

/** The TypeScript type a codec stands for. */
export type TypeOf<C> = C extends Codec<infer T> ? T : never;

export const i32: Codec<number> = { write: (w, v) => w.i32(v), read: (r) => r.i32() };
export const u32: Codec<number> = { write: (w, v) => w.u32(v), read: (r) => r.u32() };
export const i64: Codec<bigint> = { write: (w, v) => w.i64(v), read: (r) => r.i64() };
export const u64: Codec<bigint> = { write: (w, v) => w.u64(v), read: (r) => r.u64() };
export const string: Codec<string> = { write: (w, v) => w.string(v), read: (r) => r.string() };

/** A truth value as libvirt's calls send it: an int that is 0 or not. */
export const flag: Codec<boolean> = { write: (w, v) => w.i32(v ? 1 : 0), read: (r) => r.i32() !== 0 };

/**
 * An unsigned 64-bit size (KiB, bytes, bytes per second) as a plain number.
 * Above 2^53 a decoded value is rounded, which no real size reaches; counters that can are `u64` or typed parameters.
 */
export const size: Codec<number> = {
  write(w, v) {
    if (!Number.isSafeInteger(v) || v < 0) throw new RangeError(`${v} is not a whole number of at least 0`);
    w.u64(BigInt(v));
  },
  read: (r) => Number(r.u64()),
};

/** A signed 64-bit number (seconds) as a plain number. */
export const signedSize: Codec<number> = {
  write(w, v) {
    if (!Number.isSafeInteger(v)) throw new RangeError(`${v} is not a whole number`);
    w.i64(BigInt(v));
  },
  read: (r) => Number(r.i64()),
};

/** 16 bytes, shown as a UUID in its usual lower-case form. */
export const uuid: Codec<string> = {
  write(w, v) {
    const hex = v.replaceAll("-", "");
    if (!/^[0-9a-fA-F]{32}$/.test(hex)) throw new TypeError(`not a UUID: ${v}`);
    w.fixed(Buffer.from(hex, "hex"));
  },
  read(r) {
    const hex = r.fixed(16).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
};

/** Bytes with a length in front. */
export function bytes(max: number): Codec<Uint8Array> {
  return { write: (w, v) => w.opaque(v, max), read: (r) => Buffer.from(r.opaque(max)) };
}

/** `char name[n]`: XDR spends four bytes on each character. */
export function charArray(length: number): Codec<string> {
  return {
    write(w, v) {
      const text = Buffer.from(v, "latin1");
      if (text.length > length) throw new RangeError(`longer than ${length} characters`);
      for (let i = 0; i < length; i++) w.i32(text[i] ?? 0);
    },
    read(r) {
      const codes: number[] = [];
      for (let i = 0; i < length; i++) codes.push(r.i32() & 0xff);
      const end = codes.indexOf(0);
      return Buffer.from(end < 0 ? codes : codes.slice(0, end)).toString("latin1");
    },
  };
}

/** A value that may be missing: null on our side. */
export function optional<T>(inner: Codec<T>): Codec<T | null> {
  return {
    write(w, v) {
      w.u32(v === null ? 0 : 1);
      if (v !== null) inner.write(w, v);
    },
    read(r) {
      const present = r.u32();
      if (present > 1) throw new LibvirtProtocolError(`an optional value is marked ${present} instead of 0 or 1`);
      return present === 1 ? inner.read(r) : null;
    },
  };
}

/** At most `max` items, with their number in front. */
export function list<T>(inner: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    write(w, v) {
      if (v.length > max) throw new RangeError(`${v.length} items is over the limit of ${max}`);
      w.u32(v.length);
      for (const item of v) inner.write(w, item);
    },
    read(r) {
      const items: T[] = [];
      for (let left = r.count(max); left > 0; left--) items.push(inner.read(r));
      return items;
    },
  };
}

export type Fields = Readonly<Record<string, Codec<unknown>>>;
export type Shape<F extends Fields> = { readonly [K in keyof F]: TypeOf<F[K]> };

/** Named fields, one after another in the order they are written down. */
export function struct<F extends Fields>(fields: F): Codec<Shape<F>> {
  const entries = Object.entries(fields);
  return {
    write(w, v) {
      const record = v as Readonly<Record<string, unknown>>;
      for (const [name, codec] of entries) {
        try {
          codec.write(w, record[name]);
        } catch (error) {
          // The caller passed a value that does not fit: say which one.
          throw new TypeError(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        }
      }
    },
    read(r) {
      const record: Record<string, unknown> = {};
      for (const [name, codec] of entries) record[name] = codec.read(r);
      return record as Shape<F>;
    },
  };
}

/** The value of a typed parameter. 64-bit integers are numbers while exact, and bigints above 2^53. */
export type TypedValue = number | bigint | boolean | string;
export type TypedKind = "int" | "uint" | "llong" | "ullong" | "double" | "boolean" | "string";
/** libvirt's self-describing (name, type, value): used where a call has an open set of settings or counters. */
export interface TypedParam {
  readonly name: string;
  readonly kind: TypedKind;
  readonly value: TypedValue;
}

// The position is the number on the wire, less one.
const kinds: readonly TypedKind[] = ["int", "uint", "llong", "ullong", "double", "boolean", "string"];

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function readTyped(r: XdrReader, kind: TypedKind): TypedValue {
  switch (kind) {
    case "int":
      return r.i32();
    case "uint":
      return r.u32();
    case "llong":
      return exact(r.i64());
    case "ullong":
      return exact(r.u64());
    case "double":
      return r.f64();
    case "boolean":
      return r.i32() !== 0;
    case "string":
      return r.string();
  }
}

function writeTyped(w: XdrWriter, kind: TypedKind, value: TypedValue): void {
  if (kind === "boolean") w.i32(value ? 1 : 0);
  else if (kind === "string" && typeof value === "string") w.string(value);
  else if (kind !== "string" && (typeof value === "number" || typeof value === "bigint")) writeNumber[kind](w, value);
  else throw new TypeError(`${typeof value} given for a parameter of type ${kind}`);
}

const writeNumber: Readonly<
  Record<Exclude<TypedKind, "boolean" | "string">, (w: XdrWriter, value: number | bigint) => void>
> = {
  int: (w, v) => w.i32(Number(v)),
  uint: (w, v) => w.u32(Number(v)),
  llong: (w, v) => w.i64(BigInt(v)),
  ullong: (w, v) => w.u64(BigInt(v)),
  double: (w, v) => w.f64(Number(v)),
};

export const typedParam: Codec<TypedParam> = {
  write(w, v) {
    w.string(v.name);
    w.i32(kinds.indexOf(v.kind) + 1);
    writeTyped(w, v.kind, v.value);
  },
  read(r) {
    const name = r.string();
    const number = r.i32();
    const kind = kinds[number - 1];
    if (kind === undefined) throw new LibvirtProtocolError(`parameter ${name} has unknown type ${number}`);
    return { name, kind, value: readTyped(r, kind) };
  },
};

/** A guest as every call names it. `id` is −1 while it does not run. */
export const domainRef = struct({ name: string, uuid, id: i32 });
export type DomainRef = TypeOf<typeof domainRef>;

export const snapshotRef = struct({ name: string, domain: domainRef });
export type SnapshotRef = TypeOf<typeof snapshotRef>;

export const secretRef = struct({ uuid, usageType: i32, usageId: string });
export type SecretRef = TypeOf<typeof secretRef>;

/** What a failed call carries instead of its result. The two skipped objects are relics that libvirt never fills. */
export const errorBody = struct({
  code: i32,
  domain: i32,
  message: optional(string),
  level: i32,
  unusedDomain: optional(domainRef),
  str1: optional(string),
  str2: optional(string),
  str3: optional(string),
  int1: i32,
  int2: i32,
  unusedNetwork: optional(struct({ name: string, uuid })),
});

/** Encodes one value. */
export function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter();
  codec.write(writer, value);
  return writer.toBuffer();
}

/** Decodes one value that must fill the buffer exactly; throws LibvirtProtocolError otherwise. */
export function decode<T>(codec: Codec<T>, buffer: Buffer): T {
  const reader = new XdrReader(buffer);
  const value = codec.read(reader);
  reader.end();
  return value;
}
