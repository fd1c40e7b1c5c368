/** screenshots.ts [NAME…]: make screenshots. A picture of every page (or those named), light, dark and narrow: dist/screenshots. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DashboardLab } from "./support/lab.ts";
import { furnish, shownPages } from "./support/pages.ts";

const target = join(import.meta.dirname, "../../dist/screenshots");
const wanted = process.argv.slice(2);
const chosen = shownPages.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const VIEWS = [
  { view: "light", theme: "light", width: 1280, height: 860 },
  { view: "dark", theme: "dark", width: 1280, height: 860 },
  { view: "narrow", theme: "light", width: 360, height: 760 },
] as const;

mkdirSync(target, { recursive: true });
const lab = new DashboardLab();
try {
  await lab.start();
  const ids = await furnish(lab);
  for (const { view, ...options } of VIEWS) {
    const { page: nobody } = await lab.page(options);
    await nobody.goto(`${lab.url}/`);
    await nobody.getByRole("button", { name: "Log in", exact: true }).waitFor();
    await nobody.screenshot({ path: join(target, `login-${view}.png`) });
    for (const user of ["demo", "admin"] as const) {
      const pages = chosen.filter((shown) => shown.user === user);
      if (pages.length === 0) continue;
      const { page, complaints } = await lab.page(options);
      await lab.logIn(page, user);
      for (const { name, path, prepare } of pages) {
        await page.goto(`${lab.url}${typeof path === "string" ? path : path(ids)}`);
        await page.getByRole("main").getByRole("heading").first().waitFor();
        await page.waitForLoadState("networkidle").catch(() => {});
        await prepare?.(page);
        await page.screenshot({ path: join(target, `${name}-${view}.png`) });
        const wide = await page.evaluate<number>(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        if (wide > 0) console.log(`${name} (${view}) is ${wide} px too wide`);
      }
      for (const complaint of new Set(complaints)) console.log(`${user} (${view}): ${complaint}`);
    }
  }
  console.log(target);
} finally {
  await lab.close();
}
