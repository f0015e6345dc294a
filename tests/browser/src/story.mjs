// What an operator does in a day, on one database.
import assert from "node:assert/strict";
import { desk, open, phone, sound, soundEverywhere, strict } from "./browser.mjs";
import { ask, running, until } from "./client.mjs";

/// Every page about a tenant, below it.
const sections = ["", "/usage", "/tables", "/tables/orders", "/tables/orders/new", "/members", "/jobs", "/audit"];
/// Every page about all tenants.
const places = ["", "/tenants", "/tenants/new", "/jobs", "/audit"];

export async function story({ url, link, door, shoot, say }) {
  const browser = await open();
  const page = await browser.context.newPage();
  const complaints = strict(page);
  const at = (path) => `${url}/dashboard${path}`;
  try {
    say("nobody is in without the link, and with it once");
    await page.goto(at("/tenants"));
    assert.ok(page.url().includes("/sign-in"), `led to the sign-in, not to ${page.url()}`);
    await page.goto(link);
    await soundEverywhere(page, "the sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await theLinkIsUsedUp(link);

    say("a tenant is made, and watched while it is provisioned");
    await page.goto(at("/tenants/new"));
    await page.getByLabel("Slug").fill("acme");
    await page.getByLabel("Name").fill("Acme Laboratories");
    await page.getByLabel("Settings").fill('{ "plan": "pro" }');
    await page.getByRole("button", { name: "Create and provision" }).click();
    await page.waitForURL(/\/tenants\/acme/);
    const chip = page.locator("#record .titled .chip");
    assert.equal((await chip.innerText()).trim(), "pending", "somebody has to see it begin");
    await shoot(page, "provisioning");
    await page.evaluate(() => (window.isTheSamePage = true));
    await until("acme is active", async () => (await chip.innerText()).trim() === "active");
    assert.ok(await page.evaluate(() => window.isTheSamePage), "the page followed by itself, and wasn't loaded again");

    say("its rows are added, changed, filtered and sorted, and no other tenant has them");
    await makeTenant(page, at, "globex", "Globex Corporation");
    await addOrders(page, at);
    await browse(page, at);
    await shoot(page, "rows");

    say("it is suspended, and a running client is refused within a second");
    const before = await ask(door, "acme");
    assert.equal(before.status, 200, `the door lets it in: ${before.body}`);
    const [client, other] = [running(door, "acme"), running(door, "globex")];
    await until("both clients run", () => client.last() === 200 && other.last() === 200);
    await page.goto(at("/tenants/acme"));
    const suspend = page.getByRole("button", { name: "Suspend" });
    assert.ok(await suspend.isDisabled(), "its slug has to be typed");
    await page.getByLabel("Type acme to confirm").fill("acme");
    const pressed = Date.now();
    await suspend.click();
    await until("the client is refused", () => client.last() === 403);
    const took = client.seen.at(-1).at - pressed;
    assert.ok(took < 1_000, `it took ${took} ms`);
    await page.getByText("The tenant is suspended: every door refuses it.").waitFor();
    await shoot(page, "suspended");
    assert.equal(other.last(), 200, "the other tenant's client goes on");
    await Promise.all([client.stop(), other.stop()]);
    assert.deepEqual(other.seen.map(({ status }) => status), [200]);
    say(`refused ${took} ms after the button was pressed`);

    say("choosing a tenant changes the page");
    await page.goto(at("/tenants/acme/audit"));
    await page.getByText("tenant.suspend").first().waitFor();
    await soundEverywhere(page, "a log with long details");
    await page.getByLabel("Go to the tenant").fill("globex");
    await page.getByRole("button", { name: "Go", exact: true }).click();
    await page.waitForURL(/\/tenants\/globex\/audit$/);
    assert.equal(await page.getByText("tenant.suspend").count(), 0, "globex wasn't suspended");

    say("every page is sound in both schemes, at a desk and on a phone");
    for (const path of places) {
      await page.goto(at(path));
      await soundEverywhere(page, path || "the overview");
    }
    for (const section of sections) {
      await page.goto(at(`/tenants/globex${section}`));
      await soundEverywhere(page, section || "the record");
    }
    await page.goto(at("/tenants/nobody"));
    await soundEverywhere(page, "a tenant that isn't there");
    await byKeyboard(page, at);
    await onAPhone(page, at, shoot);
    await colours(page, at, shoot);

    say("without a script everything is read, and changed by forms");
    await withoutScript(browser, at);
    assert.deepEqual(complaints, [], "nothing broke the pages' policy");

    await page.goto(at("/tenants"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.goto(at("/tenants"));
    assert.ok(page.url().includes("/sign-in"), "signed out");
  } catch (error) {
    const shown = await page.locator("body").innerText().catch(() => "");
    throw new Error(`at ${page.url()}: ${error.message}\n${shown.slice(0, 1_500)}`, { cause: error });
  } finally {
    await browser.close();
  }
}

async function theLinkIsUsedUp(link) {
  const other = await open();
  try {
    const page = await other.context.newPage();
    await page.goto(link);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This link was used").waitFor();
  } finally {
    await other.close();
  }
}

async function makeTenant(page, at, slug, name) {
  await page.goto(at("/tenants/new"));
  await page.getByLabel("Slug").fill(slug);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Create and provision" }).click();
  const chip = page.locator("#record .titled .chip");
  await until(`${slug} is active`, async () => (await chip.innerText()).trim() === "active");
}

async function addOrders(page, at) {
  const orders = [
    ["1", "Ada", "12.50"],
    ["2", "Grace", "99"],
    ["3", "<b>Mallory</b>", ""],
  ];
  for (const [id, customer, total] of orders) {
    await page.goto(at("/tenants/acme/tables/orders/new"));
    await page.getByLabel("Order", { exact: false }).first().fill(id);
    await page.getByRole("textbox", { name: /^Customer/ }).fill(customer);
    await page.getByRole("textbox", { name: /^Total/ }).fill(total);
    await page.getByRole("textbox", { name: /^Placed/ }).fill("2026-11-25T09:30:00Z");
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByText("The row is there.").waitFor();
  }
  await page.getByRole("textbox", { name: /^Total/ }).fill("7");
  await page.getByRole("checkbox", { name: /null for Total/ }).uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The row is changed.").waitFor();
}

async function browse(page, at) {
  const rows = page.locator("tbody tr");
  await page.goto(at("/tenants/globex/tables/orders"));
  await page.getByText("This tenant has none in this table.").waitFor();
  await page.goto(at("/tenants/acme/tables/orders"));
  assert.equal(await rows.count(), 3);
  assert.equal(await page.locator("tbody b").count(), 0, "what was typed is text");
  await page.getByRole("link", { name: "Total" }).click();
  await page.waitForURL(/sort=total/);
  assert.deepEqual(await totals(page), ["7", "12.50", "99"].map(String));
  await page.getByLabel("Only rows whose").selectOption({ label: "Customer contains" });
  await page.getByLabel("Value").fill("ADA");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("list", { name: "Filters" }).waitFor();
  assert.equal(await rows.count(), 1);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download as CSV" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "acme-orders.csv");
  await page.getByRole("link", { name: /remove this filter/ }).click();
  await page.waitForURL((url) => !url.search.includes("filter"));
  assert.equal(await rows.count(), 3);
}

async function totals(page) {
  const texts = await page.locator("tbody tr td:nth-child(3)").allInnerTexts();
  return texts.map((text) => (text.trim() === "12.5" ? "12.50" : text.trim()));
}

/// The first thing that the keyboard reaches leads to the content, and what it is at can be seen.
async function byKeyboard(page, at) {
  await page.goto(at("/tenants"));
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.keyboard.press("Tab");
  const focus = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return { inMain: document.activeElement.closest("main") !== null, outline: style.outlineStyle, width: style.outlineWidth };
  });
  assert.deepEqual(focus, { inMain: true, outline: "solid", width: "3px" });
}

/// The menu is a popover: it opens, leads on, and closes by the keyboard.
async function onAPhone(page, at, shoot) {
  await page.setViewportSize(phone);
  await page.goto(at("/tenants/globex"));
  const menu = page.getByRole("button", { name: "Menu" });
  const link = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Tables" });
  assert.ok(!(await link.isVisible()));
  await menu.focus();
  await page.keyboard.press("Enter");
  await link.waitFor();
  await sound(page, "the menu on a phone");
  await shoot(page, "phone-menu");
  await page.keyboard.press("Escape");
  await link.waitFor({ state: "hidden" });
  await menu.click();
  await link.click();
  await page.waitForURL(/\/tables$/);
  await page.setViewportSize(desk);
}

/// The switch is kept, and beats the system's choice.
async function colours(page, at, shoot) {
  await page.goto(at("/tenants"));
  // Nothing while the page is being loaded.
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor).catch(() => undefined);
  const light = await ground();
  await page.getByLabel("Colours").selectOption("dark");
  await until("it is dark", async () => ![light, undefined].includes(await ground()));
  await page.waitForLoadState();
  await page.goto(at("/tenants/acme"));
  assert.notEqual(await ground(), light, "it is kept");
  await sound(page, "dark by choice");
  await shoot(page, "record-dark");
  await page.getByLabel("Colours").selectOption("system");
  await until("it is as the system's", async () => (await ground()) === light);
}

async function withoutScript(browser, at) {
  const plain = await open({ javaScriptEnabled: false });
  try {
    await plain.context.addCookies(await browser.context.cookies());
    const page = await plain.context.newPage();
    for (const path of [...places, ...sections.map((section) => `/tenants/acme${section}`)]) {
      const answer = await page.goto(at(path));
      assert.equal(answer.status(), path.endsWith("/new") ? answer.status() : 200, path);
      assert.ok(await page.getByRole("heading", { level: 1 }).isVisible(), path);
      assert.ok(await page.getByRole("navigation", { name: "Pages" }).isVisible(), path);
    }
    await page.goto(at("/tenants/acme/usage"));
    assert.ok(await page.getByText("orders").first().isVisible(), "figures are read without a plot");
    await page.goto(at("/tenants/acme"));
    await page.getByRole("button", { name: "Activate" }).click();
    await page.getByText("The tenant is active again.").waitFor();
    await page.getByLabel("Type acme to confirm").fill("acme");
    await page.getByRole("button", { name: "Suspend" }).click();
    await page.getByText("The tenant is suspended: every door refuses it.").waitFor();
  } finally {
    await plain.close();
  }
}
