/** CRC-32C of bytes, of the package crc-32, which declares its other half alone. */
declare const crc32c: {
  /** The sum as a signed number of 32 bits. */
  buf(data: Uint8Array): number;
};
export default crc32c;
