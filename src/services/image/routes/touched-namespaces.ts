import { notFound } from "../../../kernel/errors.ts";
import type { Touched } from "../../../kernel/http/route.ts";
import type { MetadefManager } from "../manager/metadefs.ts";
import type { NamespaceRow } from "../store/metadefs.ts";

/** A namespace of metadata definitions, which is looked for before roles are. Its parts are its own. */
export interface TouchedNamespace {
  /** In the words of most of its records, and in those of the one that shows it, and of objects. */
  readonly any: Touched<NamespaceRow>;
  readonly shown: Touched<NamespaceRow>;
  readonly ofObjects: Touched<NamespaceRow>;
}

export function touchedNamespaces(metadefs: MetadefManager): TouchedNamespace {
  const absent = (name: string) => `Metadata definition namespace=${name} was not found.`;
  const unnamed = (name: string) => `Namespace ${name} not found`;
  const touched = (missing: (name: string) => string, hidden: (name: string) => string): Touched<NamespaceRow> => ({
    kind: "metadata namespace",
    first: true,
    find({ context, param }) {
      const name = param("namespace");
      const row = metadefs.find(name);
      if (row === undefined) throw notFound(missing(name));
      if (!metadefs.sees(context, row)) throw notFound(hidden(name));
      return row;
    },
    owner: ({ owner, visibility }) => ({ projectId: owner, visibility }),
  });
  return {
    any: touched(unnamed, unnamed),
    shown: touched(absent, () => "The resource could not be found."),
    ofObjects: touched(absent, unnamed),
  };
}
