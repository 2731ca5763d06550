/**
 * A card's memory and its order of work, asked of CUDA's own runtime: it is reached
 * through the provider, which has it loaded already.
 *
 * Work is recorded as a CUDA graph: what sessions begin in between is not done but
 * noted down, kernel by kernel with the addresses that they read and write, and
 * then done as a whole by one call. Addresses of the host must not be among them:
 * what lay there for a moment would be read again when it is something else. So a
 * graph is looked through before it is ever done.
 *
 * @module
 */

import { join } from "node:path";
import { CUDA_FILES, packageFolder, providerFolder } from "../runtime/cuda.ts";
import { type Cuda, SYMBOLS } from "./cudart.ts";
import { cudaOptions, OrtApi } from "./ort_api.ts";
import type { Place, Recorded } from "./place.ts";

// What CUDA calls them.
const NON_BLOCKING = 1;
const THREAD_LOCAL = 1;
const [TO_CARD, TO_HOST, WITHIN] = [1, 2, 3];
const MEMCPY_NODE = 1;
const OF_THE_CARD = [2, 3];
// Kernels, copies, fills, nothing, memory that a library takes and gives back.
const ALLOWED = [0, MEMCPY_NODE, 2, 5, 10, 11];
const HOST_NODE = 3;
// struct cudaMemcpy3DParms: its length, and where the two pointers stand in it.
const COPY = { length: 160, from: 32, to: 96 };
// struct cudaPointerAttributes begins with the kind of memory; it is shorter.
const ATTRIBUTES = 128;

/** A card of NVIDIA's, where recorded work is a CUDA graph. */
export class Card implements Place {
  readonly memory = "Cuda";
  readonly deviceId: number;
  readonly provider: Readonly<Record<string, string>>;
  readonly #cuda: Cuda;
  readonly #stream: Deno.PointerObject;
  readonly #made = new DisposableStack();
  // What may still be copied from must not be given back.
  #written: Uint8Array[] = [];

  /**
   * Opens a card.
   *
   * @param deviceId Which of several.
   * @param provider The CUDA provider's file, which brings CUDA's runtime along.
   * @throws {Error} if the libraries or the card are not there.
   */
  constructor(
    deviceId = 0,
    provider: string = join(providerFolder(packageFolder()), CUDA_FILES[1]),
  ) {
    this.deviceId = deviceId;
    try {
      // ONNX Runtime loads the provider; what it needs is there then.
      const api = this.#made.use(new OrtApi());
      cudaOptions(api, { device_id: String(deviceId) });
      this.#cuda = this.#made.adopt(
        Deno.dlopen(provider, SYMBOLS),
        (cuda) => cuda.close(),
      );
      const { symbols } = this.#cuda;
      this.#check("take the card", symbols.cudaSetDevice(deviceId));
      this.#stream = this.#made.adopt(
        this.#out(
          "order its work",
          (out) => symbols.cudaStreamCreateWithFlags(out, NON_BLOCKING),
        ),
        (stream) => symbols.cudaStreamDestroy(stream),
      );
    } catch (error) {
      this.#made.dispose();
      throw error;
    }
    this.provider = {
      device_id: String(deviceId),
      has_user_compute_stream: "1",
      user_compute_stream: String(Deno.UnsafePointer.value(this.#stream)),
      // Ten bits of fraction are not float32.
      use_tf32: "0",
    };
  }

  allocate(bytes: number): bigint {
    const { symbols } = this.#cuda;
    const block = this.#out(
      `take ${bytes} bytes`,
      (out) => symbols.cudaMalloc(out, BigInt(Math.max(bytes, 1))),
    );
    this.#made.defer(() => symbols.cudaFree(block));
    return Deno.UnsafePointer.value(block);
  }

  write(to: bigint, bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.length === 0) return;
    this.#copy(pointer(to), of(bytes), bytes.length, TO_CARD);
    this.#written.push(bytes);
  }

  copy(to: bigint, from: bigint, bytes: number): void {
    this.#copy(pointer(to), pointer(from), bytes, WITHIN);
  }

  async read(from: bigint, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const { symbols } = this.#cuda;
    const waited = await symbols.cudaStreamSynchronize(this.#stream);
    this.#check("do the work", waited);
    this.#written = [];
    const block = new Uint8Array(bytes);
    if (bytes > 0) this.#copy(of(block), pointer(from), bytes, TO_HOST);
    this.#check(
      "copy to the host",
      await symbols.cudaStreamSynchronize(this.#stream),
    );
    return block;
  }

  record(work: () => void): Recorded {
    const { symbols } = this.#cuda;
    // While it is recorded no memory can be taken: it must have been before, for
    // single tensors by the first time and for all together by the second.
    work();
    work();
    const graph = this.#captured(work);
    try {
      this.#look(graph);
      const ready = this.#made.adopt(
        this.#out(
          "make a CUDA graph ready",
          (out) => symbols.cudaGraphInstantiateWithFlags(out, graph, 0n),
        ),
        (ready) => symbols.cudaGraphExecDestroy(ready),
      );
      return {
        launch: () =>
          this.#check(
            "launch a CUDA graph",
            symbols.cudaGraphLaunch(ready, this.#stream),
          ),
      };
    } finally {
      symbols.cudaGraphDestroy(graph);
    }
  }

  close(): void {
    this.#made.dispose();
  }

  #captured(work: () => void): Deno.PointerObject {
    const { symbols } = this.#cuda;
    this.#check(
      "record a CUDA graph",
      symbols.cudaStreamBeginCapture(this.#stream, THREAD_LOCAL),
    );
    const out = new BigUint64Array(1);
    let ended: number;
    try {
      work();
    } finally {
      ended = symbols.cudaStreamEndCapture(this.#stream, out);
    }
    this.#check("record a CUDA graph", ended);
    const graph = Deno.UnsafePointer.create(out[0]!);
    if (graph === null) {
      throw new Error("Cannot record a CUDA graph: nothing was recorded");
    }
    return graph;
  }

  // Refuses a graph that does anything on the host, or reads or writes there.
  #look(graph: Deno.PointerObject): void {
    const { symbols } = this.#cuda;
    const asked = "look through a CUDA graph";
    const count = new BigUint64Array(1);
    this.#check(asked, symbols.cudaGraphGetNodes(graph, null, count));
    const nodes = new BigUint64Array(Number(count[0]!));
    this.#check(asked, symbols.cudaGraphGetNodes(graph, nodes, count));
    let kernels = 0;
    for (const address of nodes) {
      const node = pointer(address);
      const type = new Int32Array(1);
      this.#check(asked, symbols.cudaGraphNodeGetType(node, type));
      const [kind] = type as unknown as [number];
      if (kind === 0) kernels += 1;
      if (kind === MEMCPY_NODE) this.#lookAtCopy(node);
      if (ALLOWED.includes(kind)) continue;
      throw new Error(
        "Cannot use a CUDA graph: it has " +
          (kind === HOST_NODE
            ? "work of the host's in it"
            : `a node of CUDA's type ${kind} in it`),
      );
    }
    if (kernels > 0) return;
    throw new Error("Cannot use a CUDA graph: it has no kernels in it");
  }

  #lookAtCopy(node: Deno.PointerObject): void {
    const { symbols } = this.#cuda;
    const params = new BigUint64Array(COPY.length / 8);
    this.#check(
      "look through a CUDA graph",
      symbols.cudaGraphMemcpyNodeGetParams(node, params),
    );
    for (const end of ["from", "to"] as const) {
      const address = Deno.UnsafePointer.create(params[COPY[end] / 8]!);
      const attributes = new Int32Array(ATTRIBUTES / 4);
      this.#check(
        "look through a CUDA graph",
        symbols.cudaPointerGetAttributes(attributes, address),
      );
      if (OF_THE_CARD.includes(attributes[0]!)) continue;
      throw new Error(
        `Cannot use a CUDA graph: it copies ${end} the host's memory`,
      );
    }
  }

  #copy(
    to: Deno.PointerValue,
    from: Deno.PointerValue,
    bytes: number,
    kind: number,
  ): void {
    const { symbols } = this.#cuda;
    const size = BigInt(bytes);
    this.#check(
      `copy ${bytes} bytes`,
      symbols.cudaMemcpyAsync(to, from, size, kind, this.#stream),
    );
  }

  #out(
    what: string,
    call: (out: BigUint64Array<ArrayBuffer>) => number,
  ): Deno.PointerObject {
    const out = new BigUint64Array(1);
    this.#check(what, call(out));
    return pointer(out[0]!);
  }

  #check(what: string, code: number): void {
    if (code === 0) return;
    const text = this.#cuda.symbols.cudaGetErrorString(code);
    const said = text === null
      ? `error ${code}`
      : new Deno.UnsafePointerView(text).getCString();
    throw new Error(`Cannot ${what} with CUDA: ${said}`);
  }
}

const pointer = (address: bigint): Deno.PointerObject =>
  Deno.UnsafePointer.create(address)!;
const of = (bytes: Uint8Array<ArrayBuffer>): Deno.PointerValue =>
  Deno.UnsafePointer.of(bytes);
