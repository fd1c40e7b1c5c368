import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../support/patience.ts";
import { DashboardLab } from "./support/lab.ts";

const lab = new DashboardLab();
before(() => lab.start());
after(() => lab.close());

test("a page runs its own files alone: not a script in it, nor one that a user has published on the same port", async () => {
  const { page, complaints } = await lab.page();
  await lab.logIn(page, "demo");
  const { project } = (await (await page.request.get(`${lab.url}/session`)).json()).token;
  const account = `/object-store/v1/AUTH_${project.id}`;
  const published = await page.evaluate<number>(
    `(async () => {
      const send = (path, body, headers) =>
        fetch("/dashboard/api" + path, { method: "PUT", body, headers: { "x-tenrec-dashboard": "1", ...headers } });
      await send("${account}/site", "", { "x-container-read": ".r:*" });
      await send("${account}/site/a.js", "window.ran = 'published'", { "content-type": "text/javascript" });
      return (await fetch("/dashboard/api${account}/site/a.js")).status;
    })()`,
  );
  assert.equal(published, 200);
  assert.equal(await (await fetch(`${lab.daemon.url}${account}/site/a.js`)).text(), "window.ran = 'published'");
  assert.deepEqual(complaints, []);
  await page.evaluate(
    `for (const fill of [(script) => { script.src = "${account}/site/a.js"; }, (script) => { script.text = "window.ran = 'inline'"; }]) {
      const script = document.createElement("script");
      fill(script);
      document.body.append(script);
    }`,
  );
  await until("both are refused", 10, () => complaints.length === 2);
  for (const complaint of complaints) assert.match(complaint, /Content Security Policy directive.*script-src/);
  assert.equal(await page.evaluate("window.ran ?? null"), null);
});
