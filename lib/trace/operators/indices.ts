/**
 * From here on a traced graph counts downward what comes to it as a negative index,
 * which ONNX would count from an axis' end: no axis is so long, so the run stops,
 * and says which index it was.
 */
export const NEGATIVE = 2 ** 30;
