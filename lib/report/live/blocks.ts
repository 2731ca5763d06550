/**
 * Data blocks of the page: JSON, and bytes that are packed with gzip.
 *
 * @module
 */

/// <reference lib="dom" />

/** The element of an id, which the page is known to have. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  return document.getElementById(id) as Element as T;
}

/** A JSON block. */
export function jsonBlock(id: string): unknown {
  return JSON.parse(byId(id).textContent!);
}

/** The bytes of base64 text that gzip made smaller. */
export function unpack(base64: string): Promise<ArrayBuffer> {
  const packed = Uint8Array.from(atob(base64.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
