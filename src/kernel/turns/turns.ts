import { LoopDelay } from "./loop-delay.ts";

/** How much work is done in one turn of the event loop, in milliseconds. The last piece may reach beyond. */
const SLICE_MS = 10;
/** After so much work it is looked where a turn of the loop ends: looking at each costs a small request a fifth of its time. */
const LOOKED_AT_MS = 1;
/** A client that had less than this of late goes before those that keep the process busy. */
const LIGHT_MS = 5;
/** After so long half of what a client had is forgotten. */
const HALF_LIFE_MS = 1_000;

/** What one client had: milliseconds of work, and when that was counted. */
interface Account {
  spent: number;
  at: number;
}

/** A kind of clients. Each kind gets the same time while all have something to do. */
interface Share {
  readonly waiting: { account: Account | null; go: () => void }[];
  /** Milliseconds it had, as far as that matters beside the others. */
  served: number;
}

/**
 * Who works when. The loop accepts one connection a turn, and would do all that everybody asks for in each; so work waits here for its
 * turn, and no turn does more than a slice of it. Work is what runs until the next wait for something else than promises.
 */
export class Turns {
  /** How long turns really are. */
  readonly delay = new LoopDelay();
  readonly #light: Share = { waiting: [], served: 0 };
  readonly #busy: Share = { waiting: [], served: 0 };
  readonly #background: Share = { waiting: [], served: 0 };
  /** The first of equals goes first. */
  readonly #shares = [this.#light, this.#busy, this.#background];
  readonly #accounts = new WeakMap<object, Account>();
  readonly #now: () => number;
  readonly #nextTurn: (body: () => void) => void;
  #current: { share: Share; account: Account | null; began: number } | null = null;
  /** When the work of this turn of the loop began; null until it is looked where the turn ends. */
  #sliceBegan: number | null = null;
  /** Work since the last turn whose end was looked at. */
  #unseen = 0;
  /** What the share had that was served last. */
  #virtual = 0;
  #served = 0;
  /** Behind all that the promises of a piece of work lead to. */
  readonly #atItsEnd = () => process.nextTick(() => this.#ended());

  constructor({ now = () => performance.now(), nextTurn = (body: () => void) => void setImmediate(body) } = {}) {
    this.#now = now;
    this.#nextTurn = nextTurn;
  }

  /** How often clients had their turn: who looks twice knows whether anybody was there. */
  get served(): number {
    return this.#served;
  }

  /** Resolves when work for a client may begin. `client`: its connection; null for one that nobody has seen before. */
  mine(client: object | null): Promise<void> {
    const account = client === null ? null : this.#accountOf(client);
    const share = account !== null && account.spent >= LIGHT_MS ? this.#busy : this.#light;
    return this.#wait(share, account);
  }

  /** The same for work that no client waits for. */
  background(): Promise<void> {
    return this.#wait(this.#background, null);
  }

  #accountOf(client: object): Account {
    let account = this.#accounts.get(client);
    if (account === undefined) {
      account = { spent: 0, at: 0 };
      this.#accounts.set(client, account);
    }
    this.#charge(account, 0, this.#now());
    return account;
  }

  #charge(account: Account, cost: number, now: number): void {
    account.spent = account.spent * 2 ** ((account.at - now) / HALF_LIFE_MS) + cost;
    account.at = now;
  }

  #wait(share: Share, account: Account | null): Promise<void> {
    return new Promise((resolve) => {
      // Who comes now has no claim to what it did not ask for before.
      if (share.waiting.length === 0) share.served = Math.max(share.served, this.#virtual);
      share.waiting.push({ account, go: resolve });
      if (this.#current === null && this.#hasTime()) this.#begin();
    });
  }

  #hasTime(): boolean {
    return this.#sliceBegan === null || this.#now() - this.#sliceBegan < SLICE_MS;
  }

  #begin(): void {
    const share = this.#next();
    const waiting = share?.waiting.shift();
    if (share === undefined || waiting === undefined) return;
    const began = this.#now();
    this.#virtual = share.served;
    this.#current = { share, account: waiting.account, began };
    this.delay.look();
    if (share !== this.#background) this.#served += 1;
    waiting.go();
    queueMicrotask(this.#atItsEnd);
  }

  #next(): Share | undefined {
    let next: Share | undefined;
    for (const share of this.#shares) {
      if (share.waiting.length > 0 && (next === undefined || share.served < next.served)) next = share;
    }
    return next;
  }

  #ended(): void {
    if (this.#current === null) return;
    const { share, account, began } = this.#current;
    const now = this.#now();
    const cost = now - began;
    this.#current = null;
    share.served += cost;
    if (account !== null) this.#charge(account, cost, now);
    this.#unseen += cost;
    if (this.#unseen >= LOOKED_AT_MS && this.#sliceBegan === null) {
      this.#sliceBegan = now - this.#unseen;
      this.#nextTurn(() => {
        this.#sliceBegan = null;
        this.#unseen = 0;
        this.#begin();
      });
    }
    if (this.#hasTime()) this.#begin();
  }
}
