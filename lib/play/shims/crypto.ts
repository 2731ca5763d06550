/**
 * Node's SHA-256 where there is no Node.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";

class Digest extends Uint8Array<ArrayBuffer> {
  readInt32LE(at: number): number {
    return new DataView(this.buffer).getInt32(at, true);
  }

  readUInt32LE(at: number): number {
    return new DataView(this.buffer).getUint32(at, true);
  }
}

/**
 * A hash in the making.
 *
 * @param name `sha256`.
 * @throws {RangeError} if it is another.
 */
export function createHash(name: string) {
  if (name !== "sha256") {
    throw new RangeError(`Cannot hash with ${name}: sha256 is here`);
  }
  const hash = sha256.create();
  return {
    update(data: string | Uint8Array) {
      hash.update(
        typeof data === "string" ? new TextEncoder().encode(data) : data,
      );
      return this;
    },
    digest(form?: "hex" | "base64"): Uint8Array | string {
      const bytes = Digest.from(hash.digest()) as Digest;
      if (form === "hex") {
        return Array.from(bytes, (x) => x.toString(16).padStart(2, "0")).join(
          "",
        );
      }
      return form === "base64"
        ? btoa(Array.from(bytes, (x) => String.fromCharCode(x)).join(""))
        : bytes;
    },
  };
}
