/**
 * Files that other tools wrote.
 *
 * @module
 */

/** A file among the reference values. */
export const at = (name: string) =>
  new URL(`../../golden/${name}`, import.meta.url).pathname;

/** A network that PyTorch trained and exported. */
export const path = at("pytorch_export.onnx");

/** What its weights are. */
export const MAP = "W_E=embedding.weight,layers.0.W=hidden.weight," +
  "layers.1.W=head.weight,layers.0.hook_post=relu";
