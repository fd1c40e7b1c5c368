import assert from "node:assert/strict";
import { test } from "node:test";
import { shutDownGuests } from "../../src/host/libvirtd/shut-down-guests.ts";
import { openLab, whyNoGuests } from "../services/compute/driver/libvirt/lab.ts";
import { until } from "../support/patience.ts";

/** Far more than guests need that hear the button, on the busiest machine. */
const LIMIT_S = 600;

test("a host that shuts down presses its guests' power buttons until they hear it, and cuts off who cannot", {
  skip: whyNoGuests() ?? false,
}, async () => {
  const lab = await openLab();
  const { driver } = lab;
  const spawn = async (nic: number) => {
    const spec = lab.spec({ nics: [lab.nic(nic)] });
    await driver.spawn(spec, () => {}, new AbortController().signal);
    return spec;
  };
  try {
    assert.deepEqual(await lab.libvirtd.shutDownGuests(LIMIT_S), { stopped: 0, cutOff: [] });

    const [up, paused] = await Promise.all([spawn(1), spawn(2)]);
    await until("login", 60, async () => /login:/.test(await driver.consoleLog(up, null)));
    await driver.pause(paused);
    // Its firmware has hardly begun.
    const booting = await spawn(3);
    const begin = Date.now();
    assert.deepEqual(await lab.libvirtd.shutDownGuests(LIMIT_S), { stopped: 3, cutOff: [paused.name] });
    assert.ok(Date.now() - begin < LIMIT_S * 1000, "nobody waits for a paused guest");
    for (const spec of [up, paused, booting]) assert.equal(await driver.powerState(spec), "shutdown");
    assert.match(await driver.consoleLog(booting, null), /Power down|reboot: |System halted|power off/i);
  } finally {
    await lab.close();
  }
});

test("without a libvirtd it says so", async () => {
  await assert.rejects(shutDownGuests("/nonexistent/libvirt-sock", 1), /libvirt|ENOENT/);
});
