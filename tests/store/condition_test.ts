/** Conditions: what they may not do, each with why. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { conditionOf, guarded } from "../../lib/store/condition.ts";
import { listRuns } from "../../lib/store/list.ts";
import { checkDatabase, openInMemory } from "../../lib/store/sqlite.ts";
import { withTempDir } from "../tasks/_run.ts";
import { makeRun } from "./_runs.ts";

const REFUSED: readonly [where: string, why: string][] = [
  ["", "it is empty"],
  ["  ", "it is empty"],
  ["lr <", "syntax error"],
  ["lr < 1 and", "syntax error"],
  ["where lr < 1", "syntax error"],
  ["lr < 1; drop table runs", "it has a ; in it"],
  ["lr < 1;", "it has a ; in it"],
  ["1) or (1", "it closes a bracket that it does not open"],
  ["(lr < 1", "it opens a bracket that it does not close"],
  ["lr < 1 -- all", "it has a comment in it"],
  ["lr < 1 /* all", "it has a comment in it"],
  ["loss = 'softmax", "it opens a ' that it does not close"],
  ['"lr < 1', 'it opens a " that it does not close'],
  ["lr in (select lr from runs)", "it has select in it"],
  [
    "exists(WITH RECURSIVE x(n) AS (values(1) union all select n+1 from x) select 1 from x)",
    "it has WITH in it",
  ],
  ["lr in (values(1))", "it has values in it"],
  ["lr < ?", "it has a parameter, ?, in it"],
  ["lr < :x", "it has a parameter, :, in it"],
  ["lr = null", "nothing is = null: write is null or is not null"],
  ["lr <> NULL", "nothing is <> null"],
  ["load_extension('x')", "it may not call load_extension()"],
  ["length(randomblob(1000000000)) > 1", "it may not call randomblob()"],
  ["readfile('/etc/passwd') = 1", "there is no function readfile()"],
  ["maxx(lr, 1) = 1", "there is no function maxx() (did you mean max?)"],
  ["max(lr) = 1", "misuse of aggregate function"],
  ["loss = softmax", "a text stands in single quotes"],
  ['loss = "softmax"', "a text stands in single quotes: 'softmax'"],
  ["grokked < 5", "(did you mean grokked_at?)"],
  ["folders.stamp = 1", "no such column"],
  ["json_extract(loss, '$') = 1", "malformed JSON"],
  ["pragma user_version", "syntax error"],
  ["attach 'x' as y", "syntax error"],
  ["lr < 1 \0", "character of code 0"],
];

Deno.test("conditions that do not parse or do more than compare are refused, with why", () =>
  withTempDir(async (runs) => {
    makeRun(join(runs, "a"));
    const before = [...Deno.readDirSync(runs)].map(({ name }) => name);
    for (const [where, why] of REFUSED) {
      await assertRejects(
        () => listRuns(runs, { where }),
        UsageError,
        why.startsWith("no such column") ? "there is no column" : why,
        where,
      );
    }
    const after = [...Deno.readDirSync(runs)].map(({ name }) => name);
    assertEquals(after, before);
  }));

Deno.test("quotes and brackets in texts are texts", () => {
  const { words } = conditionOf(`note = 'a; -- (?' and "a""b" <> ')' or [x y]`);
  assertEquals(words, ["note", 'a"b', "x y"]);
});

Deno.test("the guard holds where the text was not looked at", () => {
  const database = openInMemory();
  database.exec("create table runs(a); create table other(b)");
  database.exec("insert into runs values(1)");
  const run = (query: string) =>
    guarded(database, { text: query, words: [] }, query, ["a"]);
  assertEquals(run("select a from runs where a = abs(-1)"), [[1]]);
  const denied: readonly [query: string, why: string][] = [
    ["select b from other", "it reads other"],
    ["select a from runs where a in (select a from runs)", "within itself"],
    ["delete from runs", "it does more than compare"],
    ["attach ':memory:' as x", "it does more than compare"],
    ["pragma user_version = 3", "it does more than compare"],
    ["select hex(a) from runs", "it may not call hex()"],
  ];
  for (const [query, why] of denied) {
    assertThrows(() => run(query), UsageError, why);
  }
  // It is lifted again, and nothing was changed.
  assertEquals(
    database.prepare("select count(*) as n from runs").get()?.["n"],
    1,
  );
});

Deno.test("texts that a condition makes are bounded", () =>
  withTempDir(async (runs) => {
    makeRun(join(runs, "a"));
    const pattern = "%a".repeat(200);
    await assertRejects(
      () => listRuns(runs, { where: `loss like '${pattern}'` }),
      UsageError,
      "LIKE or GLOB pattern too complex",
    );
  }));

Deno.test("a database without a guard is refused", () => {
  assertThrows(
    () => checkDatabase({ serialize() {}, deserialize() {}, limits: {} }),
    Error,
    `the SQLite of Deno ${Deno.version.deno} has no setAuthorizer; wanted`,
  );
});
