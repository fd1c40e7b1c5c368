import { join } from "node:path";

/** A certificate and its private key. */
export interface PairPlace {
  readonly certificate: string;
  readonly key: string;
}

/** Where a cloud keeps its certificates: where DevStack has them, so that scripts find them. */
export const rootPlace = (dataDir: string): PairPlace => authorityPlace(join(dataDir, "CA/root-ca"));
export const intermediatePlace = (dataDir: string): PairPlace => authorityPlace(join(dataDir, "CA/int-ca"));

const authorityPlace = (directory: string): PairPlace => ({
  certificate: join(directory, "cacert.pem"),
  key: join(directory, "private/cacert.key"),
});

/** Both authorities' certificates, for tools that look for DevStack's file of that name. */
export const chainFile = (dataDir: string): string => join(dataDir, "CA/int-ca/ca-chain.pem");
/** Key, certificate and intermediate authority of the ports, in one file: replaced as a whole. */
export const serverFile = (dataDir: string): string => join(dataDir, "devstack-cert.pem");
/** What clients trust: OS_CACERT. */
export const bundleFile = (dataDir: string): string => join(dataDir, "ca-bundle.pem");
