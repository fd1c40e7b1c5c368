export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

/** All strings of a page in each language. The same keys in all: the type of the second asks for them. */
export interface Catalogue<Key extends string = string> {
  readonly en: Readonly<Record<Key, string>>;
  readonly de: Readonly<Record<Key, string>>;
}

export const defineText = <const En extends Readonly<Record<string, string>>>(text: {
  readonly en: En;
  readonly de: { readonly [Key in keyof En]: string };
}): Catalogue<keyof En & string> => text as unknown as Catalogue<keyof En & string>;
