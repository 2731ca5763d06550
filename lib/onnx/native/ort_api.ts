/**
 * ONNX Runtime's C API, called in the library that onnxruntime-node brings along:
 * what its JavaScript has no option for. The process has one copy of it.
 *
 * Source: `onnxruntime_c_api.h`. The table of functions only ever grows at its end,
 * so that a number below is the function's for good.
 *
 * @module
 */

import { join } from "node:path";
import { packageFolder, providerFolder } from "../runtime/cuda.ts";

/** A version of the table that has all functions below. */
const VERSION = 23;

/** How grave a message must be to be printed: errors are thrown. */
export const FATAL = 4;

// The type of a function that says by its result whether it failed.
const status = <const P extends readonly Deno.NativeType[]>(...parameters: P) =>
  ({ parameters, result: "pointer" }) as const;
const release = { parameters: ["pointer"], result: "void" } as const;

// Where each function stands in the table, and what it takes; "buffer" is where a
// pointer comes out, or text.
const TABLE = {
  GetErrorMessage: [2, status("pointer")],
  CreateEnv: [3, status("i32", "buffer", "buffer")],
  CreateSessionFromArray: [
    8,
    status("pointer", "buffer", "usize", "pointer", "buffer"),
  ],
  CreateSessionOptions: [10, status("buffer")],
  SetSessionLogSeverityLevel: [22, status("pointer", "i32")],
  SetSessionGraphOptimizationLevel: [23, status("pointer", "i32")],
  SetIntraOpNumThreads: [24, status("pointer", "i32")],
  CreateRunOptions: [39, status("buffer")],
  SessionGetInputCount: [30, status("pointer", "buffer")],
  SessionGetOutputCount: [31, status("pointer", "buffer")],
  RunOptionsSetRunLogSeverityLevel: [41, status("pointer", "i32")],
  CreateTensorWithDataAsOrtValue: [
    49,
    status("pointer", "pointer", "usize", "buffer", "usize", "i32", "buffer"),
  ],
  CreateMemoryInfo: [68, status("buffer", "i32", "i32", "i32", "buffer")],
  MemoryInfoGetName: [71, status("pointer", "buffer")],
  ReleaseEnv: [92, release],
  ReleaseStatus: [93, release],
  ReleaseMemoryInfo: [94, release],
  ReleaseSession: [95, release],
  ReleaseValue: [96, release],
  ReleaseRunOptions: [97, release],
  ReleaseSessionOptions: [100, release],
  AddSessionConfigEntry: [130, status("pointer", "buffer", "buffer")],
  RunWithBinding: [133, status("pointer", "pointer", "pointer")],
  CreateIoBinding: [134, status("pointer", "buffer")],
  ReleaseIoBinding: [135, release],
  BindInput: [136, status("pointer", "buffer", "pointer")],
  BindOutput: [137, status("pointer", "buffer", "pointer")],
  AddRunConfigEntry: [165, status("pointer", "buffer", "buffer")],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [
    204,
    status("pointer", "pointer"),
  ],
  CreateCUDAProviderOptions: [205, status("buffer")],
  UpdateCUDAProviderOptions: [
    206,
    status("pointer", "buffer", "buffer", "usize"),
  ],
  ReleaseCUDAProviderOptions: [208, release],
  SessionGetMemoryInfoForInputs: [380, status("pointer", "buffer", "usize")],
  SessionGetMemoryInfoForOutputs: [381, status("pointer", "buffer", "usize")],
} as const;

type Table = typeof TABLE;
type Call<N extends keyof Table> = Deno.UnsafeFnPointer<
  Table[N][1]
>["call"];
type Arguments<N extends keyof Table> = Parameters<Call<N>>;

/** A pointer to something of ONNX Runtime's. */
export type Handle = Deno.PointerObject;

/** A function that makes something: its last argument is where that comes out. */
type Making = {
  [N in keyof Table]: N extends `Create${string}` ? N : never;
}[keyof Table];
type Releasing = {
  [N in keyof Table]: N extends `Release${string}` ? N : never;
}[keyof Table];
type AllButLast<T extends readonly unknown[]> = T extends
  readonly [...infer Head, unknown] ? Head : never;

/** The file of ONNX Runtime itself, beside which its providers lie. */
export function runtimeLibrary(folder: string = packageFolder()): string {
  return join(providerFolder(folder), "libonnxruntime.so.1");
}

/** Text as C takes it. */
export const cText = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`${text}\0`);

/** The C API of the library, and what was made by it and must be given back. */
export class OrtApi implements Disposable {
  /** What of it all sessions share; whoever is first makes it. */
  readonly env: Handle;
  readonly #table: Deno.UnsafePointerView;
  readonly #known = new Map<string, (...given: unknown[]) => unknown>();
  readonly #made = new DisposableStack();

  /**
   * Opens it.
   *
   * @param path The library; by default that of the onnxruntime-node package.
   * @throws {Error} if it cannot be opened, or is older than what is called here.
   */
  constructor(path: string = runtimeLibrary()) {
    const library = Deno.dlopen(path, {
      OrtGetApiBase: { parameters: [], result: "pointer" },
    });
    this.#made.defer(() => library.close());
    const base = library.symbols.OrtGetApiBase();
    const getApi = new Deno.UnsafePointerView(base!).getPointer();
    const table = functionAt(getApi!, {
      parameters: ["u32"],
      result: "pointer",
    })(VERSION) as Deno.PointerValue;
    if (table === null) {
      this.#made.dispose();
      throw new Error(
        `Cannot call ONNX Runtime: ${path} is older than version 1.${VERSION}`,
      );
    }
    this.#table = new Deno.UnsafePointerView(table);
    this.env = this.make("CreateEnv", "ReleaseEnv", FATAL, cText("groklab"));
  }

  /**
   * Calls a function that says whether it failed.
   *
   * @throws {Error} what ONNX Runtime says, if it failed.
   */
  do<N extends Exclude<keyof Table, Releasing>>(
    name: N,
    ...given: Arguments<N>
  ): void {
    const failed = this.#function(name)(...given) as Deno.PointerValue;
    if (failed === null) return;
    const text = this.#function("GetErrorMessage")(failed);
    const said = new Deno.UnsafePointerView(text as Handle).getCString();
    this.#function("ReleaseStatus")(failed);
    throw new Error(said);
  }

  /**
   * Calls a function that makes something, which is released when this is.
   *
   * @param name The function.
   * @param back What releases it.
   * @param given Its arguments but for the last, where the pointer comes out.
   * @throws {Error} what ONNX Runtime says, if it failed.
   */
  make<N extends Making>(
    name: N,
    back: Releasing,
    ...given: AllButLast<Arguments<N>>
  ): Handle {
    const out = new BigUint64Array(1);
    this.do(name, ...[...given, out] as unknown as Arguments<N>);
    const made = Deno.UnsafePointer.create(out[0]!)!;
    this.#made.defer(() => this.#function(back)(made));
    return made;
  }

  /** Releases what was made, the newest first. */
  [Symbol.dispose](): void {
    this.#made.dispose();
  }

  #function(name: keyof Table): (...given: unknown[]) => unknown {
    let call = this.#known.get(name);
    if (!call) {
      const [index, type] = TABLE[name];
      call = functionAt(this.#table.getPointer(8 * index)!, type);
      this.#known.set(name, call);
    }
    return call;
  }
}

function functionAt(
  address: Deno.PointerObject,
  type: Deno.ForeignFunction,
): (...given: unknown[]) => unknown {
  const made = new Deno.UnsafeFnPointer(
    address as Deno.PointerObject<Deno.ForeignFunction>,
    type,
  );
  return (...given) => made.call(...given as never[]);
}

/**
 * Options of the CUDA provider, which ONNX Runtime loads for it.
 *
 * @param api What they are made by.
 * @param given Options by name; what is not among them is the provider's choice.
 * @throws {Error} what ONNX Runtime says, if the provider cannot be loaded or has
 * no such option.
 */
export function cudaOptions(
  api: OrtApi,
  given: Readonly<Record<string, string>>,
): Handle {
  const made = api.make(
    "CreateCUDAProviderOptions",
    "ReleaseCUDAProviderOptions",
  );
  const [names, values] = [Object.keys(given), Object.values(given)];
  api.do(
    "UpdateCUDAProviderOptions",
    made,
    textTable(names),
    textTable(values),
    BigInt(names.length),
  );
  return made;
}

// Pointers to texts, and behind them the texts, so that they live as long.
function textTable(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const all = texts.map(cText);
  const begin = 8 * all.length;
  const length = all.reduce((sum, text) => sum + text.length, begin);
  const table = new Uint8Array(length);
  const pointers = new BigUint64Array(table.buffer, 0, all.length);
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(table));
  let at = begin;
  all.forEach((text, i) => {
    table.set(text, at);
    pointers[i] = address + BigInt(at);
    at += text.length;
  });
  return table;
}
