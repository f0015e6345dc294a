// The dashboard, end to end: the real server on both databases, a host's door, and a real browser.
//
//   node run.mjs [--screenshots] [--only sqlite|postgres]
//
// POSTGRES_URL names an empty database on PostgreSQL. `.ci/browser` builds the programs and starts one.
import path from "node:path";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { door, endAll, figures, forget, place, serve } from "./src/places.mjs";
import { plots } from "./src/plots.mjs";
import { story } from "./src/story.mjs";

const images = fileURLToPath(new URL("../../docs/src/images/dashboard", import.meta.url));
const flag = (name) => process.argv.includes(name);
const only = flag("--only") ? process.argv[process.argv.indexOf("--only") + 1] : undefined;

async function keep(page, name) {
  if (!flag("--screenshots")) return;
  fs.mkdirSync(images, { recursive: true });
  // Hiding the caret would take a style of its own, which the pages' policy forbids.
  await page.screenshot({ path: path.join(images, `${name}.png`), caret: "initial" });
}

async function tell(kind) {
  const where = place(kind, process.env.POSTGRES_URL);
  const say = (text) => console.log(`${kind}: ${text}`);
  const shoot = kind === "postgres" ? keep : async () => {};
  try {
    const { url, link } = await serve(where);
    await story({ url, link, door: await door(where), shoot, say });
  } finally {
    endAll();
    forget(where);
  }
}

process.on("SIGINT", () => {
  endAll();
  process.exit(130);
});
for (const kind of ["sqlite", "postgres"]) {
  if (!only || only === kind) await tell(kind);
}
if (!only) {
  try {
    await plots({ ...(await figures()), shoot: keep });
  } finally {
    endAll();
  }
}
console.log("the dashboard does all of it, on every database");
