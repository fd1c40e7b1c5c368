import type { Values } from "../types.ts";

/** A resource as another type sees it, whose words its properties are put into. */
export const inWords = <T extends { readonly properties: Values }>(run: T, words: (properties: Values) => Values): T =>
  new Proxy(run, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === "properties" || key === "before") return words(value as Values);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
