import { isIP, isIPv4, isIPv6 } from "node:net";
import { addressNumber, blockText, parseBlock } from "./addresses.ts";
import type { AddressRange } from "./settings.ts";

export type Parsed<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** The value is another than was written; the message reads on from the name, as of an error. */
      readonly note?: { readonly message: string; readonly hint: string };
    }
  | { readonly ok: false; readonly message: string; readonly hint: string };

/** How the text of a variable becomes a value; `description` is what docs and error hints say. */
export interface ValueType<T> {
  readonly description: string;
  /** The message reads on from the variable's name: "is not …". */
  readonly parse: (text: string) => Parsed<T>;
}

const good = <T>(value: T): Parsed<T> => ({ ok: true, value });
const bad = (message: string, hint: string): Parsed<never> => ({ ok: false, message, hint });
const shown = (text: string): string => (text === "" ? "an empty value" : `"${text}"`);

export const text: ValueType<string> = { description: "text", parse: good };

/** Never shown in messages. */
export const password: ValueType<string> = {
  description: "password, any characters",
  parse: (value) =>
    /[\n\0]/.test(value)
      ? bad("contains a line break", "a password may hold any character but line breaks")
      : good(value),
};

export const nonEmpty: ValueType<string> = {
  description: "name",
  parse: (value) => (value.trim() === "" ? bad("is empty", "give it a name") : good(value)),
};

/** DevStack's trueorfalse, and the words people use elsewhere. */
export const boolean: ValueType<boolean> = {
  description: "True or False",
  parse: (value) => {
    // `always` is what nova's force_config_drive was set to for years.
    if (/^(true|t|yes|y|on|1|always)$/i.test(value)) return good(true);
    if (/^(false|f|no|n|off|0)$/i.test(value)) return good(false);
    return bad(`is ${shown(value)}, not a boolean`, "write True or False");
  },
};

export const colorMode: ValueType<boolean | "auto"> = {
  description: "True, False or auto",
  parse: (value) => (value === "auto" ? good("auto") : boolean.parse(value)),
};

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): ValueType<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
  return {
    description: `whole number, ${range}`,
    parse: (value) => {
      if (!/^-?\d+$/.test(value)) return bad(`is ${shown(value)}, not a whole number`, `write a number, ${range}`);
      const number = Number(value);
      return number < min || number > max || !Number.isSafeInteger(number)
        ? bad(`is ${value}, out of range`, `write a number, ${range}`)
        : good(number);
    },
  };
}

/** A quota: -1 is unlimited. */
export const quota: ValueType<number> = { ...integer(-1), description: "whole number, -1 for unlimited" };

export const ratio: ValueType<number> = {
  description: "number above 0",
  parse: (value) =>
    /^\d+(\.\d+)?$/.test(value) && Number(value) > 0
      ? good(Number(value))
      : bad(`is ${shown(value)}, not a number above 0`, "write a number such as 16.0"),
};

export const port: ValueType<number> = {
  description: "port, 1 to 65535",
  parse: (value) => {
    const number = /^\d{1,5}$/.test(value) ? Number(value) : 0;
    return number >= 1 && number <= 65535
      ? good(number)
      : bad(`is ${shown(value)}, not a port`, "ports are numbers from 1 to 65535");
  },
};

const units: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40, P: 2 ** 50 };
const decimalUnits: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };

/** Sizes as `truncate -s` reads them, which DevStack hands them to: 30G = 30 GiB, 30GB = 30·10⁹. Value in bytes. */
export const size: ValueType<number> = {
  description: "size such as 512M or 30G",
  parse: (value) => {
    const match = /^(\d+)([KMGTP]?)(i?B)?$/i.exec(value);
    const letter = match?.[2]?.toUpperCase() ?? "";
    const scale = match?.[3]?.toUpperCase() === "B" && letter !== "" ? decimalUnits[letter] : units[letter];
    const bytes = Number(match?.[1]) * (scale ?? Number.NaN);
    if (match === null || !Number.isSafeInteger(bytes)) {
      return bad(`is ${shown(value)}, not a size`, "write a whole number with K, M, G or T, for example 30G");
    }
    return bytes === 0 ? bad("is 0, not a size", "write a size above 0, for example 30G") : good(bytes);
  },
};

export const ipv4: ValueType<string> = {
  description: "IPv4 address",
  parse: (value) =>
    isIPv4(value) ? good(value) : bad(`is ${shown(value)}, not an IPv4 address`, addressHint(value, "192.0.2.10")),
};

export const ipv6: ValueType<string> = {
  description: "IPv6 address",
  parse: (value) => {
    const bare = value.replace(/^\[(.*)\]$/, "$1");
    return isIPv6(bare)
      ? good(bare)
      : bad(`is ${shown(value)}, not an IPv6 address`, addressHint(value, "2001:db8::10"));
  },
};

function addressHint(value: string, example: string): string {
  return value.includes("/") ? "write the address without /prefix" : `write an address such as ${example}`;
}

function cidr(family: 4 | 6, example: string): ValueType<string> {
  const longest = family === 4 ? 30 : 126;
  return {
    description: `IPv${family} range (CIDR)`,
    parse: (value) => {
      const block = parseBlock(value);
      if (block === null || block.family !== family) {
        const noPrefix = isIP(value) === family;
        return bad(
          `is ${shown(value)}, not an IPv${family} range`,
          noPrefix ? `add the prefix length: ${value}/24` : `write a range in CIDR form such as ${example}`,
        );
      }
      if (block.prefix > longest) {
        return bad(`is ${value}, too small for a network`, `use a prefix of /${longest} or shorter`);
      }
      if (!block.hasHostBits) return good(value);
      // As neutron's create_subnet does with --subnet-range.
      const network = blockText(block);
      const note = { message: `${value} is taken as its network ${network}`, hint: "" };
      return { ok: true, value: network, note };
    },
  };
}

export const cidr4: ValueType<string> = cidr(4, "10.0.0.0/24");
export const cidr6: ValueType<string> = cidr(6, "fd00:1::/64");

/** A host name, or an address of either family (brackets around IPv6 are taken off). */
export const host: ValueType<string> = {
  description: "host name or address",
  parse: (value) => {
    const bare = value.replace(/^\[(.*)\]$/, "$1");
    if (isIP(bare) !== 0) return good(bare);
    if (/^[0-9.]+$/.test(bare))
      return bad(`is "${value}", not an address`, "four numbers of 0 to 255, such as 192.0.2.10");
    return /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(bare)
      ? good(bare)
      : bad(`is ${shown(value)}, not a host name or address`, "write a name or address without protocol and port");
  },
};

export const url: ValueType<string> = {
  description: "http or https URL",
  parse: (value) =>
    /^https?:\/\//.test(value) && URL.canParse(value)
      ? good(value.replace(/\/+$/, ""))
      : bad(`is ${shown(value)}, not a URL`, "write it with http:// or https://"),
};

/** Absolute, or relative to the folder of local.conf (made absolute when the settings are built). */
export const path: ValueType<string> = {
  description: "path",
  parse: (value) => (value === "" || value.includes("\0") ? bad("is empty", "write an absolute path") : good(value)),
};

/** A comma list; blanks and line breaks separate, too, as in DevStack's `for … in ${LIST//,/ }`. Empty items are dropped. */
export const list: ValueType<readonly string[]> = {
  description: "comma separated list",
  parse: (value) => good(value.split(/[,\s]+/).filter((item) => item !== "")),
};

/** A comma list whose items are of another type. */
export function listOf(item: ValueType<string>, description: string): ValueType<readonly string[]> {
  return {
    description,
    parse: (value) => {
      const items = list.parse(value);
      if (!items.ok) return items;
      for (const one of items.value) {
        const parsed = item.parse(one);
        if (!parsed.ok) return bad(`holds an item that ${parsed.message}`, parsed.hint);
      }
      return items;
    },
  };
}

/** IMAGE_URLS: a URL twice is an error, as in DevStack; blanks and line breaks separate like commas do in old tutorials. */
export const imageUrls: ValueType<readonly string[]> = {
  description: "comma separated list of http, https or file URLs",
  parse: (value) => {
    const urls = value.split(/[,\s]+/).filter((item) => item !== "");
    const wrong = urls.find((item) => !/^(https?|file):\/\//.test(item) || !URL.canParse(item));
    if (wrong !== undefined) {
      const hint = wrong.startsWith("/") ? `write file://${wrong}` : "write URLs with http://, https:// or file://";
      return bad(`holds "${wrong}", not a URL of an image`, hint);
    }
    const twice = urls.find((item, index) => urls.indexOf(item) !== index);
    if (twice !== undefined) return bad(`names ${twice} twice`, "keep one of the two");
    return good(urls);
  },
};

/** One of a few words; any letter case is taken, the value has the case of the table. */
export function choice<const Words extends readonly string[]>(...words: Words): ValueType<Words[number]> {
  return {
    description: words.map((word) => word || "empty").join(", "),
    parse: (value) => {
      const found = words.find((word) => word.toLowerCase() === value.toLowerCase());
      return found === undefined ? bad(`is ${shown(value)}`, `it can be ${words.join(", ")}`) : good(found);
    },
  };
}

/** `start=A,end=B` (neutron's --allocation-pool). */
export const pool: ValueType<AddressRange> = {
  description: "start=ADDRESS,end=ADDRESS",
  parse: (value) => {
    const match = /^start=([^,\s]+),\s*end=([^,\s]+)$/.exec(value.trim());
    const [, start = "", end = ""] = match ?? [];
    const first = addressNumber(start);
    const last = addressNumber(end);
    if (first === null || last === null || isIP(start) !== isIP(end)) {
      return bad(`is ${shown(value)}, not an allocation pool`, "write start=192.0.2.10,end=192.0.2.99 in quotes");
    }
    return first > last
      ? bad(`starts at ${start}, behind its end ${end}`, `write start=${end},end=${start}`)
      : good({ start, end });
  },
};

/** A Linux interface or bridge name. */
export const interfaceName: ValueType<string> = {
  description: "interface name",
  parse: (value) =>
    /^[^\s/:]{1,15}$/.test(value) && value !== "." && value !== ".."
      ? good(value)
      : bad(
          `is ${shown(value)}, not an interface name`,
          "interface names have 1 to 15 characters and no blanks, / or :",
        ),
};

/** STACK_NAME goes into interface and namespace names, so it is short. */
export const stackName: ValueType<string> = {
  description: "1 to 11 of a-z, 0-9 and -, a letter first",
  parse: (value) =>
    /^[a-z][a-z0-9-]{0,10}$/.test(value)
      ? good(value)
      : bad(`is ${shown(value)}, not a stack name`, "use 1 to 11 of a-z, 0-9 and -, a letter first"),
};

export const regularExpression: ValueType<string> = {
  description: "regular expression",
  parse: (value) => {
    try {
      new RegExp(value);
      return good(value);
    } catch {
      return bad(`is "${value}", not a regular expression`, "check brackets and escapes");
    }
  },
};

/** Empty means "not set" and gives null. */
export function optional<T>(type: ValueType<T>): ValueType<T | null> {
  return {
    description: `${type.description}, or empty`,
    parse: (value) => (value === "" ? good(null) : type.parse(value)),
  };
}
