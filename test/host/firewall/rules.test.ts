import assert from "node:assert/strict";
import { it } from "node:test";
import { parseConnection } from "../../../src/host/firewall/conntrack.ts";
import { renderRestore } from "../../../src/host/firewall/rules.ts";

it("renders chains, rules with comments, and removals in the order that iptables-restore needs", () => {
  const rules = [{ spec: ["-p", "tcp", "--dport", "22", "-j", "ACCEPT"], comment: 'rule "x"' }];
  const tables = [{ table: "filter" as const, chains: [{ name: "own", rules }], removed: ["old"] }];
  assert.equal(
    renderRestore(tables, { wholeNamespace: false }),
    '*filter\n:own - [0:0]\n:old - [0:0]\n-A own -p tcp --dport 22 -m comment --comment "rule x" -j ACCEPT\n-X old\nCOMMIT\n',
  );
});

it("refuses built-in chains among others' rules, and words that would break out of a line", () => {
  const table = (name: string, word: string) => [
    { table: "filter" as const, chains: [{ name, rules: [{ spec: ["-s", word, "-j", "DROP"], comment: "" }] }] },
  ];
  assert.throws(() => renderRestore(table("FORWARD", "10.0.0.1"), { wholeNamespace: false }), /not a chain of ours/);
  assert.throws(() => renderRestore(table("own", "10.0.0.1\n-F"), { wholeNamespace: false }), /not a word/);
});

it("reads what conntrack prints", () => {
  const icmp =
    "icmp     1 29 src=10.3.0.6 dst=10.3.0.5 type=8 code=0 id=20932 src=10.3.0.5 dst=10.3.0.6 type=0 code=0 id=20932 mark=0 zone=3 use=1";
  assert.deepEqual(parseConnection(icmp, 4), {
    family: 4,
    zone: 3,
    protocol: 1,
    source: "10.3.0.6",
    destination: "10.3.0.5",
    sourcePort: null,
    destinationPort: null,
    icmp: { type: 8, code: 0, id: 20932 },
    replySource: "10.3.0.5",
    replyDestination: "10.3.0.6",
  });
  const nat =
    "tcp      6 431999 ESTABLISHED src=172.24.4.200 dst=172.24.4.10 sport=4000 dport=22 src=10.2.0.5 dst=172.24.4.200 sport=22 dport=4000 [ASSURED] mark=0 use=1";
  const connection = parseConnection(nat, 4);
  assert.equal(connection?.zone, 0);
  assert.equal(connection?.destinationPort, 22);
  assert.equal(connection?.replySource, "10.2.0.5");
  assert.equal(parseConnection("", 4), null);
});
