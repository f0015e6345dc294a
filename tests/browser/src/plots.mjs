// Figures over a month: drawn where there is a script, read where there is none.
import assert from "node:assert/strict";
import { open, sound, soundEverywhere, strict } from "./browser.mjs";

export async function plots({ url, link, shoot }) {
  const browser = await open();
  const page = await browser.context.newPage();
  const complaints = strict(page);
  try {
    await page.goto(link);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.getByText("stark-industries").first().waitFor();
    await soundEverywhere(page, "the overview with figures");
    await shoot(page, "overview");

    await page.goto(`${url}/dashboard/tenants/globex/usage`);
    await page.locator(".uplot canvas").first().waitFor();
    assert.equal(await page.locator(".uplot canvas").count(), 3, "bytes, rows and requests");
    const inks = await page.locator(".uplot canvas").first().evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) seen.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
      return seen.size;
    });
    assert.ok(inks > 3, "something is drawn");
    await page.locator(".u-over").first().hover();
    await page.getByText(/UTC: Rows .* · Indexes /).waitFor();
    await soundEverywhere(page, "usage with plots");
    await page.getByText("Bytes as a table").click();
    assert.equal(await page.locator("table[data-plot=bytes] tbody tr").count(), 29);
    await sound(page, "usage with its tables");
    await page.reload();
    await page.locator(".uplot canvas").first().waitFor();
    await page.locator(".u-over").first().hover();
    await shoot(page, "usage");

    // Pages that a fresh server has nothing for.
    for (const section of ["/members", "/domains", "/jobs", "/cache", "/tables/orders"]) {
      await page.goto(`${url}/dashboard/tenants/globex${section}`);
      assert.ok(await page.getByRole("heading", { level: 1 }).isVisible(), section);
      await soundEverywhere(page, `${section} with something in it`);
    }
    await page.locator("tbody a").first().click();
    await page.getByRole("button", { name: "Save" }).waitFor();
    await soundEverywhere(page, "a row");
    assert.deepEqual(complaints, [], "nothing broke the pages' policy");
  } finally {
    await browser.close();
  }
}
