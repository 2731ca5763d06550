/**
 * TensorFlow.js's tensors, by the one name that the project has for them.
 *
 * Deno looks the whole of `node_modules` through once for every `import` of a
 * package that it finds in modules which are imported only when they are needed:
 * before anything runs, and for commands that never need them. A module of the
 * project's own costs next to nothing.
 *
 * @module
 */

export * from "@tensorflow/tfjs-core";
