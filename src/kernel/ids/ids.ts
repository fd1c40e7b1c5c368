import { randomBytes, randomUUID } from "node:crypto";

/** `8-4-4-4-12`: nova, neutron, glance and cinder resources. */
export function uuid(): string {
  return randomUUID();
}

/** 32 hexadecimal digits: keystone's projects, users, roles, … */
export function hexId(): string {
  return randomUUID().replaceAll("-", "");
}

/** `req-<uuid>`, as oslo.middleware's request ids. */
export function requestId(): string {
  return `req-${randomUUID()}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const REQUEST_ID = /^req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Like oslo's `is_uuid_like`: dashes, braces and case do not matter. */
export function isUuidLike(value: string): boolean {
  return UUID.test(value) || /^[0-9a-f]{32}$/i.test(value);
}

export function isRequestId(value: string): boolean {
  return REQUEST_ID.test(value);
}

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** `r-4hq0k2ab`: nova's reservation ids. */
export function reservationId(): string {
  return `r-${randomString(8)}`;
}

/** Letters and digits from the system's random source; without modulo bias that would matter. */
export function randomString(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 252 && text.length < length) text += ALPHABET.charAt(byte % 36);
    }
  }
  return text;
}
