import { addressNumber } from "../../../../src/kernel/config/addresses.ts";
import type { Guest, Lab } from "./lab.ts";

/** Raw Ethernet frames, made by hand: what a guest's own kernel would never send. All parts are hex. */

export const hexMac = (mac: string): string => mac.replaceAll(":", "");
export const hexAddress = (address: string): string =>
  (addressNumber(address) ?? 0n).toString(16).padStart(address.includes(":") ? 32 : 8, "0");
const word = (value: number): string => value.toString(16).padStart(4, "0");
const byte = (value: number): string => value.toString(16).padStart(2, "0");
const length = (hex: string): number => hex.length / 2;

export function ethernet(from: string, to: string, type: string, payload: string): string {
  return hexMac(to) + hexMac(from) + type + payload;
}

/** "sender has this address": an answer, or with `request` a question that tells the same. */
export function arp(sender: { mac: string; address: string }, request = false): string {
  const target = `000000000000${hexAddress(sender.address)}`;
  return `000108000604000${request ? 1 : 2}${hexMac(sender.mac)}${hexAddress(sender.address)}${target}`;
}

/** Sum of 16-bit words in ones' complement. */
function checksum(hex: string): string {
  let sum = 0;
  for (const [part] of hex.padEnd(Math.ceil(hex.length / 4) * 4, "0").matchAll(/.{4}/g))
    sum += Number.parseInt(part, 16);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return word(~sum & 0xffff);
}

/** `flags`: of fragments, "2000" is more to come, and the rest an offset in 8 bytes. */
export function ipv4(from: string, to: string, protocol: number, payload: string, flags = "0000"): string {
  const head = (sum: string) =>
    `4500${word(20 + length(payload))}1234${flags}40${byte(protocol)}${sum}${hexAddress(from)}${hexAddress(to)}`;
  return head(checksum(head("0000"))) + payload;
}

/** Without a checksum, which IPv4 allows. */
export const udp = (from: number, to: number, payload: string): string =>
  `${word(from) + word(to) + word(8 + length(payload))}0000${payload}`;

/** BOOTP's head with a hardware address, and DHCP's options. */
export function dhcp(operation: 1 | 2, hardware: string, options: string): string {
  const head = `0${operation}010600deadbeef00000000${"0".repeat(32)}${hexMac(hardware)}`;
  return `${head.padEnd(236 * 2, "0")}63825363${options}ff`;
}

export function ipv6(from: string, to: string, next: number, payload: string): string {
  return `60000000${word(length(payload))}${byte(next)}ff${hexAddress(from)}${hexAddress(to)}${payload}`;
}

/** `body` is type and code, then what follows the checksum. */
export function icmp6(from: string, to: string, body: string): string {
  const [head, rest] = [body.slice(0, 4), body.slice(4)];
  const pseudo = `${hexAddress(from) + hexAddress(to) + word(0) + word(length(body) + 2)}0000003a`;
  return head + checksum(`${pseudo + head}0000${rest}`) + rest;
}

export const advertisement = (target: string, mac: string): string =>
  `880020000000${hexAddress(target)}0201${hexMac(mac)}`;
export const solicitation = (target: string): string => `870000000000${hexAddress(target)}`;
/** A router that nobody asked for: lifetime 1800 s, and its hardware address. */
export const routerAdvertisement = (mac: string): string => `86004000070800000000000000000101${hexMac(mac)}`;

/** A header of options (hop-by-hop or destination) without any, before `next`. */
export const options = (next: number, payload: string): string => `${byte(next)}00010400000000${payload}`;
/** A piece at `offset` bytes. */
export const fragment = (next: number, offset: number, more: boolean, piece: string): string =>
  `${byte(next)}00${word(offset | (more ? 1 : 0))}00c0ffee${piece}`;

/** Perl is part of every Debian; Node has no packet sockets. */
const SEND = `
socket(my $s, 17, 3, unpack("S", pack("n", 3))) or die "socket: $!";
my $to = pack("S S l S C C x8", 17, unpack("S", pack("n", 3)), $ARGV[0], 1, 0, 6);
for my $frame (@ARGV[1..$#ARGV]) { send($s, pack("H*", $frame), 0, $to) or die "send: $!"; }`;

const LISTEN = `
$| = 1;
socket(my $s, 17, 3, unpack("S", pack("n", 3))) or die "socket: $!";
bind($s, pack("S S l S C C x8", 17, unpack("S", pack("n", 3)), $ARGV[0], 1, 0, 6)) or die "bind: $!";
print "ready\\n";
while (recv($s, my $frame, 9000, 0) ne "never") { print unpack("H*", $frame), "\\n"; }`;

async function indexOf(lab: Lab, guest: Guest): Promise<string> {
  const [link] = JSON.parse(await lab.run(guest.namespace, "ip", "-json", "link", "show", "dev", "eth0"));
  return String(link.ifindex);
}

/** Sends frames as the guest's (virtual) hardware would. */
export async function send(lab: Lab, guest: Guest, ...frames: string[]): Promise<void> {
  await lab.run(guest.namespace, "perl", "-e", SEND, await indexOf(lab, guest), ...frames);
}

/** All frames that reach a guest, as they come. */
export async function listenTo(lab: Lab, guest: Guest): Promise<{ frames: string[] }> {
  const { lines } = lab.program(guest.namespace, "perl", "-e", LISTEN, await indexOf(lab, guest));
  return { frames: lines };
}
