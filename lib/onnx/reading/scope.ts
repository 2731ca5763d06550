/**
 * What names and attributes stand for where a graph is laid flat.
 *
 * @module
 */

import {
  type AttributeProto,
  AttributeProtoSchema,
  type NodeProto,
} from "../file/protobuf.ts";
import { changed, isOp } from "./nodes.ts";

/** What names stand for in a graph, and in those around it. */
export class Scope {
  /** Names and what they stand for. */
  readonly names = new Map<string, string>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** What a name stands for here; undefined where it is not known. */
  find(name: string): string | undefined {
    return this.names.get(name) ?? this.#outer?.find(name);
  }

  /** The same, or the name itself; of an input that is left out nothing. */
  resolve(name: string): string {
    return name === "" ? "" : this.find(name) ?? name;
  }
}

/** The call or graph whose nodes are written: what a frame is to a debugger. */
export interface Frame {
  readonly scope: Scope;
  /** Where they go. */
  readonly to: NodeProto[];
  /** What stands before names that are taken; undefined in the graph itself. */
  readonly prefix: string | undefined;
  /** In a function: what its attributes are. */
  readonly fn?: { attributes: ReadonlyMap<string, AttributeProto> };
  readonly depth: number;
}

/** A node's attributes, with what the call says in place of a function's. */
export function attributesOf(node: NodeProto, { fn }: Frame): AttributeProto[] {
  if (!fn) return node.attribute;
  const entries = node.attribute.flatMap((entry) => {
    if (entry.refAttrName === "") return [entry];
    const given = fn.attributes.get(entry.refAttrName);
    // The mark says that it is the call's, not the function's own.
    return given
      ? [changed(AttributeProtoSchema, given, {
        name: entry.name,
        refAttrName: entry.refAttrName,
      })]
      : [];
  });
  return isOp(node, "Constant")
    ? entries
    : entries.map((entry) =>
      changed(AttributeProtoSchema, entry, { refAttrName: "" })
    );
}
