import { badRequest } from "../../../kernel/errors.ts";
import { macText } from "./mac.ts";

/** Errors: 400 when a pair is there twice, however its MAC is spelled. */
export function refuseDoublePairs(pairs: readonly { ip_address: string; mac_address?: string }[]): void {
  const seen = new Set<string>();
  for (const { mac_address, ip_address } of pairs) {
    const key = `${mac_address === undefined ? "" : macText(mac_address)} ${ip_address.toLowerCase()}`;
    if (seen.has(key)) {
      throw badRequest(
        `Request contains duplicate address pair: mac_address ${mac_address ?? "None"} ip_address ${ip_address}.`,
        { type: "DuplicateAddressPairInRequest" },
      );
    }
    seen.add(key);
  }
}
