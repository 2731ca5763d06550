/**
 * Where ONNX Runtime put the nodes of a graph, read off the profile of a run.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import type { HostTensor } from "../../numeric/tensor.ts";
import type { SessionOptions } from "./options.ts";
import { openSession } from "./session.ts";

/** Where the nodes of a loop's body were placed. */
export interface Placement {
  /**
   * How many nodes of the body each execution provider has, by operator:
   * `{ CPUExecutionProvider: { MatMul: 9 } }`.
   */
  readonly providers: Readonly<
    Record<string, Readonly<Record<string, number>>>
  >;
  /** How many nodes of the body copy between the host and the device. */
  readonly memcpy: number;
}

/**
 * Runs a model and counts the nodes inside its loop by execution provider: what
 * ran in every turn is in the body, what ran once is around it.
 *
 * @param model The bytes of a model with one Loop.
 * @param inputs Its inputs, which make the loop turn `turns` times.
 * @param turns 2 or more; every branch must be taken in every turn.
 * @param folder Where the profile may be written; it is removed again.
 * @param options How to run it; the runtime must be `node`.
 */
export async function placementOf(
  model: Uint8Array,
  inputs: Readonly<Record<string, HostTensor>>,
  turns: number,
  folder: string,
  options: SessionOptions = {},
): Promise<Placement> {
  const profile = join(folder, `profile-${Deno.pid}-${crypto.randomUUID()}`);
  try {
    const session = await openSession(model, { ...options, profile });
    try {
      await session.run(inputs);
    } finally {
      await session.close();
    }
    const [path] = await filesFrom(profile);
    return countNodes(JSON.parse(await Deno.readTextFile(path!)), turns);
  } finally {
    for (const path of await filesFrom(profile)) await Deno.remove(path);
  }
}

// ONNX Runtime appends the time to the name it is given.
async function filesFrom(prefix: string): Promise<string[]> {
  const folder = dirname(prefix);
  const paths: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(basename(prefix))) paths.push(join(folder, name));
  }
  return paths;
}

/** An event of ONNX Runtime's profile, as far as it is read here. */
export interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args?: {
    readonly provider?: string;
    readonly op_name?: string;
    readonly node_index?: string;
  };
}

/** Counts the nodes of a profile that ran in every one of a loop's turns. */
export function countNodes(
  events: readonly ProfileEvent[],
  turns: number,
): Placement {
  const runs = new Map<string, number>();
  const providers: Record<string, Record<string, number>> = {};
  let memcpy = 0;
  for (const { cat, name, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
    const { provider = "unknown", op_name: op = "unknown" } = args ?? {};
    const node = `${name} ${args?.node_index} ${op}`;
    const count = (runs.get(node) ?? 0) + 1;
    runs.set(node, count);
    if (count !== turns) continue;
    const ops = providers[provider] ??= {};
    ops[op] = (ops[op] ?? 0) + 1;
    if (op.startsWith("Memcpy")) memcpy += 1;
  }
  return { providers, memcpy };
}

/** A placement in a line. */
export function describePlacement({ providers, memcpy }: Placement): string {
  const total = (ops: Readonly<Record<string, number>>) =>
    Object.values(ops).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(providers).map(([provider, ops]) => {
    const name = provider.replace(/ExecutionProvider$/, "");
    return `${total(ops)} on ${name}`;
  });
  const onCpu = Object.entries(providers["CPUExecutionProvider"] ?? {})
    .toSorted(([, a], [, b]) => b - a).map(([op, n]) => `${n} ${op}`);
  const elsewhere = Object.keys(providers).length > 1;
  return `nodes in the loop: ${parts.join(", ")}; ${memcpy} copies` +
    (elsewhere && onCpu.length > 0 ? ` (on CPU: ${onCpu.join(", ")})` : "");
}
