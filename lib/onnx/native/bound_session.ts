/**
 * Sessions whose inputs and outputs lie at fixed addresses of a device.
 *
 * @module
 */

import type { DType } from "../../numeric/tensor.ts";
import { sizeOf, widthOf } from "../../numeric/tensor.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import { disabledOptimizers, type SessionOptions } from "../runtime/options.ts";
import { cText, cudaOptions, FATAL, type Handle, OrtApi } from "./ort_api.ts";
import type { Place } from "./place.ts";

/** A tensor at an address. */
export interface Bound {
  /** The name of the input or output. */
  readonly name: string;
  /** Element type. */
  readonly dtype: DType;
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** Where its first element lies. */
  readonly address: bigint;
}

// What ONNX Runtime calls them.
const ALL_OPTIMIZERS = 99;
const DEVICE_ALLOCATOR = 0;
const DEFAULT_MEMORY = 0;

/** A model that is ready to run on tensors that lie where they lie. */
export class BoundSession implements Disposable {
  readonly #api: OrtApi;
  readonly #memory: Handle;
  readonly #session: Handle;
  readonly #run: Handle;

  /**
   * Prepares a model.
   *
   * @param model Its bytes.
   * @param place Where it computes.
   * @param options Threads, spinning, folding.
   * @throws {Error} what ONNX Runtime says against the model or the device; on a
   * card, if any of its operators would be computed elsewhere.
   */
  constructor(
    model: Uint8Array<ArrayBuffer>,
    place: Place,
    options: SessionOptions = {},
  ) {
    using opening = new DisposableStack();
    const api = opening.use(new OrtApi());
    this.#api = api;
    const made = sessionOptions(api, place, options);
    this.#session = api.make(
      "CreateSessionFromArray",
      "ReleaseSession",
      api.env,
      model,
      BigInt(model.length),
      made,
    );
    this.#memory = api.make(
      "CreateMemoryInfo",
      "ReleaseMemoryInfo",
      cText(place.memory),
      DEVICE_ALLOCATOR,
      place.deviceId,
      DEFAULT_MEMORY,
    );
    for (const what of ["Input", "Output"] as const) this.#lookAt(what, place);
    this.#run = api.make("CreateRunOptions", "ReleaseRunOptions");
    api.do("RunOptionsSetRunLogSeverityLevel", this.#run, FATAL);
    // Who asks for the results waits for them.
    api.do(
      "AddRunConfigEntry",
      this.#run,
      cText("disable_synchronize_execution_providers"),
      cText("1"),
    );
    opening.move();
  }

  /**
   * Binds inputs and outputs.
   *
   * @param inputs All of the model's.
   * @param outputs Those that are wanted.
   * @returns What begins to run the model on them, after all that was begun before.
   * @throws {Error} what ONNX Runtime says, if a name, type or shape is not the
   * model's; running throws what it says else.
   */
  bind(inputs: readonly Bound[], outputs: readonly Bound[]): () => void {
    const api = this.#api;
    const binding = api.make(
      "CreateIoBinding",
      "ReleaseIoBinding",
      this.#session,
    );
    for (const one of inputs) {
      api.do("BindInput", binding, cText(one.name), this.#tensor(one));
    }
    for (const one of outputs) {
      api.do("BindOutput", binding, cText(one.name), this.#tensor(one));
    }
    return () => api.do("RunWithBinding", this.#session, this.#run, binding);
  }

  /** Gives the model's memory back. */
  [Symbol.dispose](): void {
    this.#api[Symbol.dispose]();
  }

  // What the model takes or gives in other memory would be copied when it is bound,
  // and never again.
  #lookAt(what: "Input" | "Output", { memory }: Place): void {
    const api = this.#api;
    const count = new BigUint64Array(1);
    api.do(`SessionGet${what}Count`, this.#session, count);
    const found = new BigUint64Array(Number(count[0]!));
    api.do(
      `SessionGetMemoryInfoFor${what}s`,
      this.#session,
      found,
      BigInt(found.length),
    );
    for (const info of found) {
      const name = new BigUint64Array(1);
      api.do("MemoryInfoGetName", Deno.UnsafePointer.create(info), name);
      const text = Deno.UnsafePointer.create(name[0]!)!;
      const there = new Deno.UnsafePointerView(text).getCString();
      if (there === memory) continue;
      throw new Error(
        `Cannot bind an ${what.toLowerCase()} in the memory of ${memory}: ` +
          `the model has it in that of ${there}`,
      );
    }
  }

  #tensor({ dtype, shape, address }: Bound): Handle {
    return this.#api.make(
      "CreateTensorWithDataAsOrtValue",
      "ReleaseValue",
      this.#memory,
      Deno.UnsafePointer.create(address),
      BigInt(sizeOf(shape) * widthOf(dtype)),
      BigInt64Array.from(shape, BigInt),
      BigInt(shape.length),
      ONNX_TYPE[dtype],
    );
  }
}

function sessionOptions(
  api: OrtApi,
  place: Place,
  options: SessionOptions,
): Handle {
  const { threads = 0, spin = false } = options;
  const made = api.make("CreateSessionOptions", "ReleaseSessionOptions");
  api.do("SetSessionLogSeverityLevel", made, FATAL);
  api.do("SetSessionGraphOptimizationLevel", made, ALL_OPTIMIZERS);
  api.do("SetIntraOpNumThreads", made, threads);
  const entries = {
    "optimization.disable_specified_optimizers": [
      disabledOptimizers(options),
      // A card's Split of unequal parts copies a table of them to it.
      ...(place.provider ? ["GatherSliceToSplitFusion"] : []),
    ].join(";"),
    "session.intra_op.allow_spinning": spin ? "1" : "0",
    ...(place.provider && {
      // What is computed elsewhere cannot be recorded.
      "session.disable_cpu_ep_fallback": "1",
      "session.use_deterministic_compute": "1",
    }),
  };
  for (const [key, value] of Object.entries(entries)) {
    api.do("AddSessionConfigEntry", made, cText(key), cText(value));
  }
  if (place.provider) {
    api.do(
      "SessionOptionsAppendExecutionProvider_CUDA_V2",
      made,
      cudaOptions(api, place.provider),
    );
  }
  return made;
}
