/** What the README says of permissions, held to what deno.json gives. */

import { assert, assertEquals } from "@std/assert";
import deno from "../deno.json" with { type: "json" };

const readme = await Deno.readTextFile(
  new URL("../README.md", import.meta.url),
);

// Of a list of variables or of facts of the system each is a permission of its own.
const apart = (flag: string): string[] => {
  const [name, values] = flag.split("=") as [string, string?];
  return (name === "--allow-env" || name === "--allow-sys") && values
    ? values.split(",").map((value) => `${name}=${value}`)
    : [flag];
};

/** The permissions of a task's command, sorted. */
const givenTo = (command: string) =>
  [...command.matchAll(/--allow-\S+/g)].flatMap(([flag]) => apart(flag)).sort();

/** The tasks that run a program of the project. */
const tasks = Object.entries(deno.tasks)
  .filter(([, { command }]) => /^deno (run|test) /.test(command))
  .map(([name, { command }]) => [name, givenTo(command)] as const);

/** The README's rows: permission, and who has it. */
const rows = [
  ...readme.matchAll(/^\| `(--allow-[^`]*)` +\| ([^|]+?) +\| ([^|]+?) +\|$/gm),
].map(([, flag, who, why]) => ({ flag: flag!, who: who!, why: why! }));

const has = (who: string, task: string) =>
  who === "all" || (who === "all but test" && task !== "test") ||
  who.split(", ").includes(task);

Deno.test("the README lists every permission of every task, and no more", () => {
  assert(tasks.length >= 9 && rows.length >= 15);
  for (const [task, given] of tasks) {
    const said = rows.filter(({ who }) => has(who, task))
      .map(({ flag }) => flag);
    assertEquals(said.sort(), given, task);
  }
  for (const { flag, who, why } of rows) {
    assert(why.length > 3, `${flag}: no reason`);
    const named = who.startsWith("all") ? [] : who.split(", ");
    const unknown = named.filter((name) => !tasks.some(([t]) => t === name));
    assertEquals(unknown, [], flag);
  }
});

Deno.test("native code is loaded from folders of the project, but for doctor and tests", () => {
  for (const [task, given] of tasks) {
    const ffi = given.filter((flag) => flag.startsWith("--allow-ffi"));
    if (["doctor", "test"].includes(task)) continue;
    for (const flag of ffi) {
      assert(/^--allow-ffi=[\w.,]+$/.test(flag), `${task}: ${flag}`);
    }
  }
});
