import { randomBytes } from "node:crypto";

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** Twelve letters and digits, which make a name one of a kind: 60 random bits. */
export const randomSuffix = (): string =>
  [...randomBytes(12)].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join("");
