import { createHmac, randomBytes } from "node:crypto";
import { OpenBytes } from "../../../kernel/bytes/open-bytes.ts";
import { isMap } from "../values/python.ts";
import { orGone } from "./asking.ts";
import { type Made, ResourceError, type Run, type Values } from "./types.ts";

/**
 * Signals that guests put into the object store by a signed URL. A container for the stack, in which an object that is overwritten keeps
 * its former contents, so each PUT is a signal (heat/engine/clients/os/swift.py).
 */

const STORE = "object-store";
const KEY = "x-account-meta-temp-url-key";
/** What lies there before there is any signal. */
const NOTHING_YET = "IN_PROGRESS";
/** How long signatures hold, in seconds since the epoch: as long as they can. */
const NEVER = 2_147_483_647;
/** Longest signal that is read. */
const LONGEST = 1_048_576;

type Slot = Pick<Made, "stack" | "physicalName" | "places" | "ask" | "call">;

const account = ({ stack }: Slot) => `AUTH_${stack.projectId}`;
const place = (slot: Slot) => ({ account: account(slot), container: slot.stack.id });
const objectPlace = (slot: Slot, object = slot.physicalName()) => ({ params: { ...place(slot), object } });

/** The URL that signals are PUT to. Made again, it is the same. */
export async function makeSlot(slot: Slot): Promise<string> {
  const name = slot.physicalName();
  const { container } = place(slot);
  const key = await keyOf(slot);
  await slot.ask(STORE, "containers:put", { params: place(slot), headers: { "x-versions-location": container } });
  const there = await orGone(() => slot.ask(STORE, "objects:show", objectPlace(slot)));
  if (there === null) await slot.ask(STORE, "objects:put", { ...objectPlace(slot), bytes: Buffer.from(NOTHING_YET) });
  const path = `/v1/${account(slot)}/${container}/${name}`;
  const signature = createHmac("sha256", key).update(`PUT\n${NEVER}\n${path}`).digest("hex");
  return `${slot.places.objectStore}${path}?temp_url_sig=${signature}&temp_url_expires=${NEVER}`;
}

/** The account's key; it gets one where it has none. */
async function keyOf(slot: Slot): Promise<string> {
  const params = { account: account(slot) };
  const { headers = {} } = await slot.ask(STORE, "accounts:show", { params });
  const known = headers[KEY];
  if (known !== undefined && known !== "") return known;
  const key = randomBytes(16).toString("hex");
  await slot.ask(STORE, "accounts:update", { params, headers: { [KEY]: key } });
  return key;
}

/** Names of all that was put there, oldest first: what was overwritten has its own, longer name. */
async function namesOf(slot: Slot, object: string): Promise<string[]> {
  const query = { format: "text" };
  const answer = await orGone(() => slot.ask(STORE, "containers:show", { params: place(slot), query }));
  const names = String(answer === null ? "" : ((answer.raw as string | undefined) ?? "")).split("\n");
  const ours = names.filter((name) => name.includes(object));
  return [...ours.filter((name) => name !== object), ...ours.filter((name) => name === object)];
}

interface Put {
  /** When it was put, as the object store tells it: what tells signals apart. */
  readonly stamp: string;
  readonly signal: Values;
}

/** Every signal there is, oldest first. Errors: what is no JSON. */
export async function signalsAt(slot: Slot, object = slot.physicalName()): Promise<Put[]> {
  const found: Put[] = [];
  for (const name of await namesOf(slot, object)) {
    const answer = await orGone(() => slot.ask(STORE, "objects:show", objectPlace(slot, name)));
    if (answer === null) continue;
    const text = await textOf(answer.raw);
    if (text === NOTHING_YET) continue;
    // What was overwritten has in its name when it was put.
    const stamp = name === object ? answer.headers?.["x-timestamp"] : name.split("/").at(-1);
    found.push({ stamp: stamp ?? name, signal: parsed(text) });
  }
  return found;
}

async function textOf(raw: unknown): Promise<string> {
  if (typeof raw === "string") return raw;
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString();
  if (!(raw instanceof OpenBytes)) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of raw.chunks()) {
      size += chunk.length;
      if (size > LONGEST) throw new ResourceError("Error", "A signal is too long");
      chunks.push(chunk);
    }
  } finally {
    await raw.close();
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): Values {
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isMap(value)) return value;
  } catch {
    // Told below.
  }
  throw new ResourceError("Error", `Failed to parse JSON data: ${text}`);
}

/** Signals that have come since it was last asked, each handed to `keep` once, however often a crash comes between. */
export async function takeSignals(run: Run, keep: (signal: Values) => void): Promise<void> {
  const taken = () => (run.data.taken as string[] | undefined) ?? [];
  for (const { stamp, signal } of await signalsAt(run)) {
    if (taken().includes(stamp)) continue;
    run.together(() => {
      run.setData("taken", [...taken(), stamp]);
      keep(signal);
    });
  }
}

/** Takes everything away, and the container with the last. */
export async function clearSlot(slot: Slot): Promise<void> {
  const object = slot.physicalName();
  for (;;) {
    // What was overwritten comes back when what overwrote it goes.
    const names = await namesOf(slot, object);
    if (names.length === 0) break;
    for (const name of names) await orGone(() => slot.ask(STORE, "objects:delete", objectPlace(slot, name)));
  }
  await orGone(() => slot.ask(STORE, "containers:delete", { params: place(slot) })).catch((error: unknown) => {
    // Those of other handles are there still.
    if ((error as { status?: number }).status !== 409) throw error;
  });
}
