/**
 * `deno task report` as a user runs it.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { writeSums } from "../train/_runs.ts";
import { runIn } from "../report/_runs.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "./_run.ts";

const TINY = { modulus: 7, hidden: [8], steps: 20 };
const QUICK = ["--probe", "fourier", "--threads", "1"];

const report = (...args: string[]) =>
  outputOf(startProgram("report", [...args, ...QUICK]));

Deno.test("report writes one page, says where, and does not replace it unasked", () =>
  withTempDir(async (dir) => {
    const run = await runIn(dir, "run", TINY);
    const page = join(run, "report.html");
    const { code, stdout, stderr } = await report(run);
    assertEquals([code, stdout], [0, page + "\n"], stderr);
    const text = await Deno.readTextFile(page);
    assert(/^<!doctype html>/i.test(text));
    const line = assertRefused(await report(run), 2);
    assertMatch(line, /report\.html: the file exists; .*--overwrite/);
    assertEquals(await Deno.readTextFile(page), text);
    const again = await report(run, "--overwrite", "--json");
    assertEquals(again.code, 0, again.stderr);
    const { files, runs, charts } = JSON.parse(again.stdout);
    assertEquals(runs, [run]);
    assertEquals(files, [{ path: page, bytes: (await Deno.stat(page)).size }]);
    assert(charts.includes("accuracy"));
  }));

Deno.test("report writes charts of several runs as SVG and PNG", () =>
  withTempDir(async (dir) => {
    const runs = [
      await runIn(dir, "a", TINY),
      await runIn(dir, "b", { ...TINY, loss: "softmax" }),
    ];
    const out = join(dir, "charts");
    const { code, stdout, stderr } = await report(
      ...[...runs, "--format", "svg,png", "--out", out],
    );
    assertEquals(code, 0, stderr);
    const names = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
    assertEquals(
      stdout.trim().split("\n").sort(),
      names.map((n) => join(out, n)),
    );
    assert(names.includes("loss.svg") && names.includes("run1-logit.png"));
    const svg = await Deno.readTextFile(join(out, "accuracy.svg"));
    assertMatch(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox/);
    assertMatch(svg, />a · test</);
    const png = await Deno.readFile(join(out, "accuracy.png"));
    assertEquals([...png.slice(1, 4)], [..."PNG"].map((c) => c.charCodeAt(0)));
  }));

Deno.test("report refuses what it cannot mean, and writes nothing", () =>
  withTempDir(async (dir) => {
    const run = await runIn(dir, "run", TINY);
    const before = await contentsOf(dir);
    const cases: [args: string[], code: number, says: RegExp][] = [
      [[join(dir, "none")], 1, /none: there is no such folder/],
      [[dir], 1, /holds no manifest\.json/],
      [[run, "--format", "pdf"], 2, /"pdf": choose from html, svg, png/],
      [[run, "--out", run], 2, /is a folder; name a file/],
      [[run, "--out", join(dir, "a.pdf")], 2, /must end in \.html, got \.pdf/],
      [
        [run, "--out", join(dir, "new", "a.html")],
        2,
        /there is no folder .*new; make it first$/,
      ],
      [
        [run, "--format", "svg", "--out", join(dir, "new", "charts")],
        2,
        /there is no folder .*new; make it first$/,
      ],
      [
        [run, "--format", "svg", "--out", join(dir, "loss.svg")],
        2,
        /names their folder, got a name that ends in \.svg$/,
      ],
      [[run, "--port", "80"], 2, /--port must come with --serve/],
      [
        [run, "--serve", "--out", "x"],
        2,
        /--out must be left out with --serve/,
      ],
      [[run, "--serve", "--port", "70000"], 2, /at most 65535, got 70000/],
    ];
    for (const [args, code, says] of cases) {
      assertMatch(assertRefused(await report(...args), code), says);
    }
    assertEquals(await contentsOf(dir), before);
  }));

Deno.test("report of a run without metrics, and of one that diverged", () =>
  withTempDir(async (dir) => {
    const young = await runIn(dir, "young", TINY);
    for (const name of ["summary.json", "checkpoints", "optimizer"]) {
      await Deno.remove(join(young, name), { recursive: true });
    }
    await Deno.writeTextFile(join(young, "metrics.jsonl"), "");
    await writeSums(young);
    const first = await report(young);
    assertEquals(first.code, 0, first.stderr);
    const page = await Deno.readTextFile(join(young, "report.html"));
    assert(page.includes("There is no evaluation to draw yet"));
    assert(page.includes("There is no checkpoint yet"));

    const wild = join(dir, "wild");
    const trained = await outputOf(startProgram("train", [
      ...["--modulus", "7", "--hidden", "8", "--steps", "20", "--run", wild],
      ...["--loss", "mse", "--optimizer", "sgd", "--no-perp-grad"],
      ...["--lr", "1e30", "--eval-every", "1", "--threads", "1"],
    ]));
    assertEquals(trained.code, 1, trained.stdout);
    const second = await report(wild);
    assertEquals(second.code, 0, second.stderr);
    assertMatch(
      await Deno.readTextFile(join(wild, "report.html")),
      /diverged at step \d+; before, /i,
    );
  }));

Deno.test("report --serve follows a run, for this machine alone", () =>
  withTempDir(async (dir) => {
    const run = await runIn(dir, "run", { ...TINY, steps: 40 });
    const [metrics, summary] = [
      join(run, "metrics.jsonl"),
      join(run, "summary.json"),
    ];
    const lines = (await Deno.readTextFile(metrics)).split("\n");
    const ended = await Deno.readTextFile(summary);
    // As it was while it was trained.
    await Deno.remove(summary);
    await Deno.writeTextFile(metrics, lines.slice(0, 2).join("\n") + "\n");
    await writeSums(run, "metrics.jsonl");

    const child = startProgram("report", [
      run,
      "--serve",
      "--port",
      "0",
      ...QUICK,
    ]);
    const reader = child.stdout.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    reader.releaseLock();
    const [, url] = /^(http:\/\/127\.0\.0\.1:\d+\/)\n$/.exec(first)!;
    try {
      const page = await (await fetch(url!)).text();
      const [, version] = /data-follow="([^"]+)"/.exec(page)!;
      assert(page.includes("connect-src &#39;self&#39;"));
      await assertServed(url!);
      const charts = (since: string) => fetch(`${url}charts?since=${since}`);
      const same = await charts(version!);
      assertEquals(same.status, 204);
      assertEquals(same.headers.get("x-state"), "Following: step 10 of 40.");

      await Deno.writeTextFile(metrics, lines.slice(2).join("\n"), {
        append: true,
      });
      const next = await charts(version!);
      assertEquals(next.status, 200);
      assertMatch(await next.text(), /<figure id="accuracy"/);
      assertEquals(next.headers.get("x-state"), "Following: step 40 of 40.");
      await Deno.writeTextFile(summary, ended);
      await writeSums(run);
      const last = await charts(next.headers.get("x-version")!);
      assertEquals(last.status, 200);
      await last.body!.cancel();
      assertEquals(last.headers.get("x-state"), "All runs have ended.");

      const nothing = await fetch(`${url}etc/passwd`);
      assertEquals(nothing.status, 404);
      await nothing.body!.cancel();
      const port = Number(new URL(url!).port);
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(
        new TextEncoder().encode(
          "GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n",
        ),
      );
      const answer = new Uint8Array(4096);
      const length = await connection.read(answer);
      assertMatch(
        new TextDecoder().decode(answer.subarray(0, length!)),
        /^HTTP\/1\.1 403 /,
      );
    } finally {
      child.kill("SIGINT");
    }
    const { code, stderr } = await outputOf(child);
    assertEquals(code, 0, stderr);
    assert(!/error/i.test(stderr), stderr);
    // However many asked, checkpoints were looked at once.
    assertEquals(stderr.match(/looking inside/g)?.length, 1, stderr);
  }));

// What holds of every answer, and of many at once.
async function assertServed(url: string): Promise<void> {
  // A page for each request would take each time, other work on this machine once.
  let seconds = Infinity;
  for (let i = 0; i < 4 && seconds >= 5; i++) {
    const asked = performance.now();
    await Promise.all(
      Array.from({ length: 24 }, async () => (await fetch(url)).arrayBuffer()),
    );
    seconds = (performance.now() - asked) / 1000;
  }
  assert(seconds < 5, `24 clients waited ${seconds} s`);

  const pages = await Promise.all(
    Array.from({ length: 24 }, async () => {
      const answer = await fetch(url);
      return { answer, text: await answer.text() };
    }),
  );
  assertEquals(new Set(pages.map(({ text }) => text)).size, 1);
  const { answer: { headers, status }, text } = pages[0]!;
  assertEquals(status, 200);
  assertEquals(headers.get("x-content-type-options"), "nosniff");
  const policy = headers.get("content-security-policy")!;
  assertMatch(policy, /; frame-ancestors 'none'$/);
  // The same as in the page, which says nothing of frames.
  const inside = /Security-Policy" content="([^"]*)"/.exec(text)![1]!
    .replaceAll("&#39;", "'");
  assertEquals(policy, `${inside}; frame-ancestors 'none'`);

  const head = await fetch(url, { method: "HEAD" });
  assertEquals(head.status, 200);
  assertEquals(await head.text(), "");
  const bytes = new TextEncoder().encode(text).length;
  assertEquals(head.headers.get("content-length"), String(bytes));
  const post = await fetch(url, { method: "POST" });
  assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  await post.body?.cancel();

  // Who says nothing, or half of something, is left after five seconds.
  const port = Number(new URL(url).port);
  const silent = ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"];
  await Promise.all(silent.map(async (said) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode(said));
    const some = new Uint8Array(2 ** 16);
    while (await connection.read(some) !== null);
  }));
}
