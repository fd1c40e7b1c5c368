import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { Keypair } from "../store/keypairs.ts";

const typed = (keypair: Keypair, version: Microversion) => (version >= mv("2.2") ? { type: keypair.type } : {});

export const keypairSummary = (keypair: Keypair, version: Microversion) => ({
  keypair: {
    name: keypair.name,
    public_key: keypair.public_key,
    fingerprint: keypair.fingerprint,
    ...typed(keypair, version),
  },
});

export const keypairDetail = (keypair: Keypair, version: Microversion) => ({
  keypair: {
    name: keypair.name,
    public_key: keypair.public_key,
    fingerprint: keypair.fingerprint,
    user_id: keypair.user_id,
    created_at: isoMicrosNaive(keypair.created_at),
    deleted: false,
    deleted_at: null,
    id: keypair.number,
    updated_at: null,
    ...typed(keypair, version),
  },
});

export const keypairCreated = (keypair: Keypair, privateKey: string | null, version: Microversion) => ({
  keypair: {
    name: keypair.name,
    public_key: keypair.public_key,
    fingerprint: keypair.fingerprint,
    user_id: keypair.user_id,
    ...(privateKey === null ? {} : { private_key: privateKey }),
    ...typed(keypair, version),
  },
});
