/**
 * Memory that sessions compute in, and what of it the host asks for.
 *
 * @module
 */

/** Work that was recorded, to be done again and again. */
export interface Recorded {
  /** Begins to do it, after all that was begun before. */
  launch(): void;
}

/** A device's memory and its order of work. */
export interface Place {
  /** ONNX Runtime's name of the memory. */
  readonly memory: string;
  /** Which of several devices. */
  readonly deviceId: number;
  /** Options of the execution provider; undefined for the processor. */
  readonly provider?: Readonly<Record<string, string>>;
  /** Memory of so many bytes, until the place is closed; its address. */
  allocate(bytes: number): bigint;
  /** Puts bytes there, after all that was begun before. */
  write(to: bigint, bytes: Uint8Array<ArrayBuffer>): void;
  /** Begins to copy, after all that was begun before. */
  copy(to: bigint, from: bigint, bytes: number): void;
  /** The bytes there, after all that was begun before. */
  read(from: bigint, bytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Makes some work ready to be done again; it may be done while that happens, or
   * not.
   *
   * @throws {Error} if it cannot be recorded, or could not be trusted.
   */
  record(work: () => void): Recorded;
  /** Gives everything back. */
  close(): void;
}

/** The processor's own memory, where recorded work is simply done again. */
export class HostPlace implements Place {
  readonly memory = "Cpu";
  readonly deviceId = 0;
  // By address: what is allocated lives until the place is closed.
  readonly #blocks = new Map<bigint, Uint8Array<ArrayBuffer>>();

  allocate(bytes: number): bigint {
    // Of some length, so that it lies where it stays.
    const block = new Uint8Array(new ArrayBuffer(Math.max(bytes, 4096)));
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(block));
    this.#blocks.set(address, block);
    return address;
  }

  write(to: bigint, bytes: Uint8Array<ArrayBuffer>): void {
    this.#at(to, bytes.length).set(bytes);
  }

  copy(to: bigint, from: bigint, bytes: number): void {
    this.#at(to, bytes).set(this.#at(from, bytes));
  }

  read(from: bigint, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.resolve(this.#at(from, bytes).slice());
  }

  record(work: () => void): Recorded {
    return { launch: work };
  }

  close(): void {
    this.#blocks.clear();
  }

  #at(address: bigint, bytes: number): Uint8Array<ArrayBuffer> {
    for (const [begin, block] of this.#blocks) {
      const offset = Number(address - begin);
      if (offset >= 0 && offset + bytes <= block.length) {
        return block.subarray(offset, offset + bytes);
      }
    }
    throw new RangeError(
      `Cannot reach ${bytes} bytes at ${address}: they were not allocated`,
    );
  }
}
