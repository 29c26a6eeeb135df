// Puts together docs/attack-suite.md from what the tests of crates/server/tests/it/security left behind.
//
// `node scripts/attack-suite.mjs` writes the document, `--check` fails if it differs from the run, `--clear` forgets
// earlier runs. Both databases must have seen the same.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const folder = join(target, "tmp", "attack-suite");
const file = join(root, "docs", "attack-suite.md");
const sources = join(root, "crates", "server", "tests", "it", "security");
const mode = process.argv[2] ?? "--write";

if (mode === "--clear") {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}

const fail = (message) => {
  console.error(message);
  process.exit(1);
};

/** Case → database → the text of its lines. */
function results() {
  const found = new Map();
  if (!existsSync(folder)) fail(`no results in ${folder}: run \`make attack-suite\``);
  for (const name of readdirSync(folder).sort()) {
    const [, id, database] = /^(.+)\.(Sqlite|Postgres)\.jsonl$/.exec(name) ?? fail(`unexpected ${name}`);
    if (!found.has(id)) found.set(id, new Map());
    found.get(id).set(database, readFileSync(join(folder, name), "utf8"));
  }
  return found;
}

/** Every case the sources name: its first line of documentation, and why it is switched off, if it is. */
function cases() {
  const found = new Map();
  for (const name of readdirSync(sources).sort()) {
    if (!name.endsWith(".rs") || name === "case.rs") continue;
    const text = readFileSync(join(sources, name), "utf8");
    const test = /((?:^\/\/\/ .*\n)+)#\[tokio::test\]\n(?:#\[ignore = "(.*)"\]\n)?async fn \w+\(\) \{\n    case\("([^"]+)"/gm;
    for (const [, words, ignored, id] of text.matchAll(test)) {
      found.set(id, { words: words.replace(/^\/\/\/ /gm, "").trim().replace(/\n/g, " "), ignored });
    }
  }
  return found;
}

/** The cells of the matrix with the same item, channel, answer and record in one line: by whom, and on whose post where. */
function grouped(cells) {
  const groups = new Map();
  for (const cell of cells) {
    const [, item, owner, place, post] = /^(\w+) by (\w+) to (\w+)(?:, post of (\w+ in \w+))?$/.exec(cell.sent);
    const key = [item, place, cell.answer, cell.record].join();
    if (!groups.has(key)) groups.set(key, { ...cell, item, place, owners: new Set(), posts: new Set(), cells: 0 });
    const group = groups.get(key);
    group.owners.add(owner);
    if (post) group.posts.add(post);
    group.cells += 1;
  }
  return [...groups.values()].map((group) => {
    const posts = group.posts.size ? `, on posts of ${[...group.posts].join("; ")}` : "";
    const sent = `${group.item} to ${group.place} by ${[...group.owners].join(", ")}${posts} (${group.cells} cells)`;
    return { ...group, sent };
  });
}

const number = (id) => (/^T-/.test(id) ? 0 : 1);
const order = (a, b) => number(a) - number(b) || (a < b ? -1 : a > b ? 1 : 0);

function document() {
  const ran = results();
  const known = cases();
  const out = [
    "# Attack suite",
    "",
    "Written by `make attack-suite` from a run of `crates/server/tests/it/security`; do not edit. A hostile organisation B with a",
    "valid token attacks the hub A, which also shares with the honest organisation C. Every line was sent to a real server on SQLite",
    "and on PostgreSQL, and both did the same.",
    "",
    "Five things are checked: **1** the answer, which is in the table; **2** all rows of all tables but the audit log, the log of",
    "events included, are as before; **3** no client of A heard anything on its websocket; **4** nothing was sent to C; **5** the audit",
    "log has one line with connection and code and without content, or none where there is no peer to blame or nothing was refused.",
    "1, 2 and 5 are checked after each line, 3 and 4 at the end of each case and before each line that is allowed. Lines marked",
    "*allowed* are of the same form and must have an effect: they show that the refusals beside them have the right reason.",
    "",
  ];
  const ids = [...new Set([...known.keys(), ...ran.keys()])].sort(order);
  let lines = 0;
  const body = [];
  for (const id of ids) {
    const about = known.get(id) ?? fail(`${id} was run, but no test of this name is there: node scripts/attack-suite.mjs --clear`);
    body.push(`## ${id}`, "", about.words, "");
    const seen = ran.get(id);
    if (!seen) {
      if (!about.ignored) fail(`${id} was not run`);
      body.push(`Switched off: ${about.ignored}.`, "");
      continue;
    }
    const texts = [...seen.values()];
    if (texts.length !== 2) fail(`${id} was run on ${[...seen.keys()]} only`);
    if (texts[0] !== texts[1]) fail(`${id} came out differently on the two databases`);
    body.push("| sent | 1 answer | 2 rows | 3 events | 4 to C | 5 audit |", "| --- | --- | --- | --- | --- | --- |");
    const held = { yes: "same", allowed: "*allowed*" };
    const seenLines = texts[0].trim().split("\n").map((text) => JSON.parse(text));
    for (const line of id === "cross-write" ? grouped(seenLines) : seenLines) {
      const [, rows, events, partner] = line.held;
      const none = (word) => (word === "allowed" ? "" : "none");
      body.push(`| ${line.sent} | ${line.answer} | ${held[rows]} | ${none(events)} | ${none(partner)} | ${line.record} |`);
      lines += 1;
    }
    body.push("");
  }
  out.push(`${ids.length} cases, ${lines} lines.`, "", ...body);
  return out.join("\n");
}

const text = document();
if (mode === "--check") {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    writeFileSync(join(folder, "..", "attack-suite.md"), text);
    try {
      execFileSync("diff", ["-u", file, join(folder, "..", "attack-suite.md")], { stdio: "inherit" });
    } catch {
      // diff has shown what differs.
    }
    fail("docs/attack-suite.md is not what the tests saw: run `make attack-suite` and commit it");
  }
} else {
  writeFileSync(file, text);
}
