// A headless Chromium, and what is asked of every page in it.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
export const desk = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };

/// A browser with a folder of its own.
export async function open(options = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tenantry-chromium-"));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: flags,
    viewport: desk,
    locale: "en-GB",
    timezoneId: "UTC",
    // Colours are looked at as they come to be, and not on the way there.
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(15_000);
  const close = async () => {
    await context.close();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  return { context, close };
}

/// Whatever a page's policy or a script complains about fails the test.
export function strict(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const asked = /favicon\.ico|status of 4\d\d/.test(message.text() + message.location().url);
    if (message.type() === "error" && !asked) complaints.push(message.text());
  });
  return complaints;
}

/// No violation that axe knows, nothing beyond the side, and all of it in the page's one main part.
export async function sound(page, what) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${what}: it is ${wide} pixels wider than the window`);
  await page.evaluate(axe.source);
  const found = await page.evaluate((rules) => axe.run(document, { runOnly: rules }), rules);
  const violations = found.violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html.slice(0, 160)}`);
  assert.deepEqual(violations, [], what);
  assert.ok(found.passes.length > 10, `${what}: axe looked at it`);
}

/// Looks at a page in both colour schemes, at a desk and on a phone.
export async function soundEverywhere(page, what) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [name, size] of [["desk", desk], ["phone", phone]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(size);
      await sound(page, `${what}, ${colorScheme}, ${name}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(desk);
}
