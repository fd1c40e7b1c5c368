import type { RunOptions } from "../types.ts";
import { bareName, type Kind, namespaceExists } from "./kind.ts";

/** Rules, and what they are kept in. */

/** The comment of tables and chains that a cloud of ours has made for its rules in the host's main namespace. */
export const MADE_BY_US = "made by tenrec";

/** `iptables-nft` and family 6 → `ip6tables-nft`. */
export const iptablesCommand = (variant: string, family: 4 | 6): string =>
  family === 6 ? variant.replace("iptables", "ip6tables") : variant;

export const firewall = {
  "iptables-rule": {
    words: "rule",
    whenGone:
      "rules were flushed or reloaded by somebody (a firewall service?); traffic of guests is dropped or not translated",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ details: { netns, variant, family, table, chain, rule } }, { exec }) {
      const command = iptablesCommand(variant, family);
      const match = ["-w", "-t", table];
      const options: RunOptions = { netns, allowFailure: true };
      if (!(await namespaceExists(netns))) return;
      // More than one may be there: a crash between adding and marking adds it again. Bounded, should deleting not help.
      for (let copies = 0; copies < 16; copies += 1) {
        const { exitCode } = await exec.run(command, [...match, "-C", chain, ...rule], options);
        if (exitCode !== 0) return;
        await exec.run(command, [...match, "-D", chain, ...rule], { netns });
      }
    },
    isThere: ({ details: { netns, variant, family, table, chain, rule } }, look) =>
      look.succeeds(iptablesCommand(variant, family), ["-w", "-t", table, "-C", chain, ...rule], netns),
  } satisfies Kind<"iptables-rule">,

  "iptables-chain": {
    words: "chain",
    whenGone: "rules were flushed by somebody; security groups or address translation do not work",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ details: { netns, variant, family, table, chain } }, { run }) {
      const command = iptablesCommand(variant, family);
      const gone = /No chain\/target\/match by that name|does not exist|incompatible/;
      await run(command, ["-w", "-t", table, "-F", chain], netns, gone);
      await run(command, ["-w", "-t", table, "-X", chain], netns, gone);
    },
    isThere: ({ details: { netns, variant, family, table, chain } }, look) =>
      look.succeeds(iptablesCommand(variant, family), ["-w", "-t", table, "-S", chain], netns),
  } satisfies Kind<"iptables-chain">,

  "nft-table": {
    words: "nft table",
    whenGone: "rules were flushed by somebody; spoofed packets are not dropped",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ details: { netns, family, table, onlyEmpty } }, { run }) {
      const gone = /No such file or directory|Device or resource busy/;
      if (onlyEmpty === undefined) {
        await run("nft", ["delete", "table", family, table], netns, gone);
        return;
      }
      const listing = (await run("nft", ["list", "table", family, table], netns, gone)) ?? "";
      const { chainsBefore } = onlyEmpty;
      for (const { name, marked } of emptyChains(listing)) {
        if (!marked && chainsBefore?.includes(name)) continue;
        await run("nft", ["delete", "chain", family, table, name], netns, gone);
      }
      const rest = (await run("nft", ["list", "table", family, table], netns, gone)) ?? "";
      const marked = rest.includes(`\n\tcomment "${MADE_BY_US}"\n`);
      if (chainsBefore !== null && !marked) return;
      if (rest !== "" && rest.trim().split("\n").length <= (marked ? 3 : 2))
        await run("nft", ["delete", "table", family, table], netns, gone);
    },
    // A table shared with others was only looked at; whether it is there is not ours to say.
    isThere: async ({ details: { netns, family, table, onlyEmpty } }, look) =>
      onlyEmpty === undefined ? look.succeeds("nft", ["list", "table", family, table], netns) : null,
  } satisfies Kind<"nft-table">,

  "nft-rule": {
    words: "nft rule",
    whenGone: "rules were flushed or reloaded by somebody (firewalld?); traffic of guests is dropped",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ details: { netns, family, table, chain, rule } }, { run }) {
      const gone = /No such file or directory/;
      const listing = (await run("nft", ["-a", "list", "chain", family, table, chain], netns, gone)) ?? "";
      for (const line of listing.split("\n")) {
        const handle = /^\s*(.*) # handle (\d+)$/.exec(line);
        if (handle?.[1] !== rule || handle[2] === undefined) continue;
        await run("nft", ["delete", "rule", family, table, chain, "handle", handle[2]], netns, gone);
      }
    },
    isThere: async ({ details: { netns, family, table, chain, rule } }, look) =>
      (await look.text("nft", ["list", "chain", family, table, chain], netns)).includes(rule),
  } satisfies Kind<"nft-rule">,

  ipset: {
    words: "ipset",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ name, details: { netns } }, { run }) {
      await run("ipset", ["destroy", bareName(name)], netns, /does not exist/);
    },
    isThere: async ({ name, details: { netns } }, look) =>
      (await look.text("ipset", ["list", "-name"], netns)).split("\n").includes(bareName(name)),
  } satisfies Kind<"ipset">,
};

/** Chains of `nft list table` that hold no rule and still have iptables' own policy. */
export function emptyChains(listing: string): { name: string; marked: boolean }[] {
  const chains = [...listing.matchAll(/^\tchain (\S+) \{\n([^}]*)\t\}$/gm)];
  return chains.flatMap(([, name = "", body = ""]) => {
    const lines = body.split("\n").map((line) => line.trim());
    const marked = lines.includes(`comment "${MADE_BY_US}"`);
    const isEmpty = lines.every((line) => /^(type .* policy accept;|comment "[^"]*")?$/.test(line));
    return isEmpty ? [{ name, marked }] : [];
  });
}
