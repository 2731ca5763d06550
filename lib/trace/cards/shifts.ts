/**
 * Shifts of bits as divisions.
 *
 * @module
 */

import { type Graph, GraphBuilder, type Value } from "../graph.ts";
import { binary } from "../operators/lowering.ts";
import { rewrite } from "../rewrite.ts";

/**
 * The same graph with divisions where numbers of 64 bits are shifted: CUDA has no
 * kernel for shifts, and each would take a copy to the processor and back. There a
 * division takes several times as long.
 */
export function withoutShifts({ inputs, outputs }: Graph): Graph {
  const g = new GraphBuilder();
  return {
    inputs,
    outputs: rewrite({ outputs }, new Map(), ({ op }, operands) => {
      const [x, places] = operands as [Value, Value];
      if (op !== "BitShift" || x.dtype !== "uint64" || !places.data) return;
      const power = BigUint64Array.from(
        places.data,
        (places: number | bigint) => 2n ** BigInt(places),
      );
      return [binary(g, "Div", x, g.constant("uint64", places.shape, power))];
    }),
  };
}
