import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { daemonCommand } from "../../src/cli/daemon.ts";
import { doctorCommand } from "../../src/cli/doctor.ts";
import { explainCommand } from "../../src/cli/explain.ts";
import { logsCommand } from "../../src/cli/logs.ts";
import { openrcCommand } from "../../src/cli/openrc.ts";
import { rejoinCommand } from "../../src/cli/rejoin.ts";
import { smokeCommand } from "../../src/cli/smoke.ts";
import { stackCommand } from "../../src/cli/stack.ts";
import { statusCommand } from "../../src/cli/status.ts";
import { stopGuestsCommand } from "../../src/cli/stop-guests.ts";
import { cleanCommand, unstackCommand } from "../../src/cli/unstack.ts";

test("no command takes a password, token or secret as an argument", () => {
  const commands: Command[] = [
    ...[stackCommand(), unstackCommand(), cleanCommand(), rejoinCommand(), openrcCommand(), statusCommand()],
    ...[doctorCommand(), smokeCommand(), logsCommand(), explainCommand(), daemonCommand(), stopGuestsCommand()],
  ];
  const words = commands.flatMap((command) => [
    ...command.options.map(({ flags }) => `${command.name()} ${flags}`),
    ...command.registeredArguments.map((argument) => `${command.name()} ${argument.name()}`),
  ]);
  assert.ok(words.length > 10);
  assert.deepEqual(
    words.filter((word) => /pass|secret|token|key/i.test(word)),
    [],
  );
});
