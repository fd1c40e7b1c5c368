const TOKEN =
  /\s*(?:([[\](){},:])|u?'((?:[^'\\]|\\.)*)'|u?"((?:[^"\\]|\\.)*)"|([-+]?\d+(?:\.\d+)?)(?![\w.])|(True|False|None)\b)/y;
const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };

export type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<Literal, Literal>;

/**
 * What Python's ast.literal_eval makes of a text: how cinder reads values of filters. Undefined for what is no literal, which stands
 * for itself then.
 */
export function pythonLiteral(text: string): Literal | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value();
    return reader.atEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class NoLiteral extends Error {}

/** Deeper than anybody's filter, and far from the end of the stack. */
const DEEPEST = 20;

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#text.slice(this.#at).trim() === "";
  }

  value(): Literal {
    const [, mark, single, double, number, word] = this.#next();
    const quoted = single ?? double;
    if (quoted !== undefined) return quoted.replaceAll(/\\(.)/gs, "$1");
    if (number !== undefined) return Number(number);
    if (word !== undefined) return WORDS[word] ?? null;
    if (mark === "[") return this.#list("]");
    if (mark === "(") return this.#list(")");
    if (mark === "{") return this.#dictionary();
    throw new NoLiteral();
  }

  #next(): RegExpExecArray {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) throw new NoLiteral();
    this.#at = TOKEN.lastIndex;
    return match;
  }

  /** Takes a mark if it comes next. */
  #takes(mark: string): boolean {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match?.[1] !== mark) return false;
    this.#at = TOKEN.lastIndex;
    return true;
  }

  #list(end: string): Literal[] {
    return this.#many(end, () => this.value());
  }

  #dictionary(): Map<Literal, Literal> {
    const pairs = this.#many("}", (): [Literal, Literal] => {
      const key = this.value();
      if (!this.#takes(":")) throw new NoLiteral();
      return [key, this.value()];
    });
    return new Map(pairs);
  }

  #many<Item>(end: string, read: () => Item): Item[] {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new NoLiteral();
    const items: Item[] = [];
    while (!this.#takes(end)) {
      items.push(read());
      if (this.#takes(",")) continue;
      if (!this.#takes(end)) throw new NoLiteral();
      break;
    }
    this.#depth -= 1;
    return items;
  }
}
