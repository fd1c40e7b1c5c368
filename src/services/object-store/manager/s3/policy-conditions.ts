import { BlockList, isIP } from "node:net";
import { wildcardFits } from "./wildcard.ts";

/** What of a request conditions can ask for; keys in lower case. */
export type ConditionValues = Readonly<Record<string, readonly string[] | undefined>>;

type Compare = (value: string, wanted: string) => boolean;
const number =
  (fits: (a: number, b: number) => boolean): Compare =>
  (a, b) =>
    fits(Number(a), Number(b));
const date =
  (fits: (a: number, b: number) => boolean): Compare =>
  (a, b) =>
    fits(time(a), time(b));
const time = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));

/** Operators that hold where one value fits; negated ones hold where none does. */
const OPERATORS: Readonly<Record<string, { fits: Compare; negated?: boolean }>> = {
  stringequals: { fits: (a, b) => a === b },
  stringnotequals: { fits: (a, b) => a === b, negated: true },
  stringequalsignorecase: { fits: (a, b) => a.toLowerCase() === b.toLowerCase() },
  stringnotequalsignorecase: { fits: (a, b) => a.toLowerCase() === b.toLowerCase(), negated: true },
  stringlike: { fits: (a, b) => wildcardFits(b, a) },
  stringnotlike: { fits: (a, b) => wildcardFits(b, a), negated: true },
  arnequals: { fits: (a, b) => wildcardFits(b, a) },
  arnlike: { fits: (a, b) => wildcardFits(b, a) },
  arnnotequals: { fits: (a, b) => wildcardFits(b, a), negated: true },
  arnnotlike: { fits: (a, b) => wildcardFits(b, a), negated: true },
  numericequals: { fits: number((a, b) => a === b) },
  numericnotequals: { fits: number((a, b) => a === b), negated: true },
  numericlessthan: { fits: number((a, b) => a < b) },
  numericlessthanequals: { fits: number((a, b) => a <= b) },
  numericgreaterthan: { fits: number((a, b) => a > b) },
  numericgreaterthanequals: { fits: number((a, b) => a >= b) },
  dateequals: { fits: date((a, b) => a === b) },
  datenotequals: { fits: date((a, b) => a === b), negated: true },
  datelessthan: { fits: date((a, b) => a < b) },
  datelessthanequals: { fits: date((a, b) => a <= b) },
  dategreaterthan: { fits: date((a, b) => a > b) },
  dategreaterthanequals: { fits: date((a, b) => a >= b) },
  binaryequals: { fits: (a, b) => a === Buffer.from(b, "base64").toString() },
  bool: { fits: (a, b) => a.toLowerCase() === b.toLowerCase() },
  ipaddress: { fits: inRange },
  notipaddress: { fits: inRange, negated: true },
};

function inRange(address: string, range: string): boolean {
  const [net = "", bits] = range.split("/");
  const version = isIP(address);
  if (version === 0 || isIP(net) !== version) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(net, bits === undefined ? (version === 4 ? 32 : 128) : Number(bits), family);
  return list.check(address, family);
}

interface Operator {
  name: string;
  ifExists: boolean;
  forAll: boolean;
  forAny: boolean;
}

/** Null: there is none of that name. */
function operatorOf(text: string): Operator | null {
  const [, set, name = "", ifExists] =
    /^(?:(forallvalues|foranyvalue):)?(\w+?)(ifexists)?$/.exec(text.toLowerCase()) ?? [];
  if (name !== "null" && OPERATORS[name] === undefined) return null;
  return { name, ifExists: ifExists !== undefined, forAll: set === "forallvalues", forAny: set === "foranyvalue" };
}

export const isOperator = (text: string): boolean => operatorOf(text) !== null;

/** Whether one condition (operator, key, values) holds. */
export function holds(operator: string, key: string, wanted: readonly string[], values: ConditionValues): boolean {
  const found = operatorOf(operator);
  if (found === null) return false;
  const given = values[key.toLowerCase()];
  if (found.name === "null") return wanted.some((text) => (text.toLowerCase() === "true") === (given === undefined));
  const { fits, negated = false } = OPERATORS[found.name] as { fits: Compare; negated?: boolean };
  if (given === undefined) return found.ifExists || found.forAll || negated;
  const one = (value: string) => wanted.some((text) => fits(value, text)) !== negated;
  if (found.forAny) return given.some(one);
  return given.every(one);
}
