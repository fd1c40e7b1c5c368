import assert from "node:assert/strict";
import { test } from "node:test";
import { parseList } from "./lists.ts";
import { ofEach, parseCsv, summary } from "./outcomes.ts";
import { type Run, withRun } from "./page.ts";

const port = "tempest.api.network.test_ports.PortsTest.test_list";
const show = "tempest.api.network.test_ports.PortsTest.test_show";
const user = "tempest.api.identity.test_users.UsersTest.test_list";
const network = parseList("network", "# All of it.\n^tempest\\.api\\.network\\.\n");
const identity = parseList("identity", `${user}[id-1,smoke]\n`);

test("a list has tests by name, whatever their tags, or by pattern", () => {
  assert.equal(identity.has(`${user}[id-2]`), true);
  assert.equal(identity.has(port), false);
  assert.equal(network.has(port), true);
});

test("each test has an outcome: its own, its class's, or a failure where nothing is told", () => {
  const csv = `test,status,start_time,stop_time
${port}[id-3],success,2026-01-01 00:00:00+00:00,2026-01-01 00:00:02.5+00:00
setUpClass (tempest.api.identity.test_users.UsersTest),skip,2026-01-01 00:00:00+00:00,2026-01-01 00:00:00+00:00
tearDownClass (tempest.api.network.test_ports.PortsTest),fail,2026-01-01 00:00:00+00:00,2026-01-01 00:00:00+00:00
`;
  assert.deepEqual(ofEach([`${port}[id-3]`, show, user], parseCsv(csv)), [
    { test: port, status: "success", seconds: 2.5 },
    { test: show, status: "fail", seconds: 0 },
    { test: user, status: "skip", seconds: 0 },
    { test: "tearDownClass (tempest.api.network.test_ports.PortsTest)", status: "fail", seconds: 0 },
  ]);
});

test("a run writes its own section of the page anew and leaves the others", () => {
  const base = { workers: "2", tempest: "33.0.0", seconds: 7 };
  const one: Run = {
    ...base,
    lists: [identity],
    fake: false,
    outcomes: [{ test: user, status: "success", seconds: 1 }],
  };
  const outcomes: Run["outcomes"] = [
    { test: user, status: "skip", seconds: 0 },
    { test: port, status: "success", seconds: 1 },
    { test: show, status: "fail", seconds: 0 },
  ];
  assert.equal(summary(outcomes), "1 passed, 1 failed, 1 skipped");
  const two: Run = { ...base, lists: [identity, network], fake: true, outcomes };
  const page = withRun(withRun("", one), two);
  assert.match(page, /## identity\n\n1 passed, 0 failed, 0 skipped: tempest 33\.0\.0, real guests .*LIST=identity`\./);
  assert.match(page, /\| tempest\.api\.identity\.test_users\.UsersTest\.test_list \| success \| 1\.0 \|/);
  assert.match(page, /## identity, network\n\n.*`make conformance LIST=identity,network FAKE=1`/);
  assert.match(page, /\| identity \| 0 \| 0 \| 1 \|\n\| network \| 1 \| 1 \| 0 \|/);
  assert.match(page, /\| tempest\.api\.network\.test_ports\.PortsTest \| 1 \|/);
  assert.equal(withRun(page, two), page);
  const again = withRun(page, { ...one, seconds: 8 });
  assert.equal(
    again,
    page.replace(
      "2 workers, 7 s. Reproduce with `make conformance LIST=identity`",
      "2 workers, 8 s. Reproduce with `make conformance LIST=identity`",
    ),
  );
});
