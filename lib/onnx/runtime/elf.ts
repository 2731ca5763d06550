/**
 * What a shared library of Linux asks the loader for, read off the file: a
 * library's own list is right for every version of it.
 *
 * @module
 */

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_STRSZ = 10n;
const X86_64 = 62;

/** What the file of a shared library says about itself. */
export interface SharedLibrary {
  /** Whether it is for x86-64. */
  readonly x64: boolean;
  /** The file names of the libraries that must be there with it. */
  readonly needed: readonly string[];
}

/**
 * Reads the header and the dynamic section of a 64-bit ELF file, and no more
 * of it.
 *
 * @param path The file.
 * @throws {SyntaxError} if it is none, or cut short.
 * @throws {Deno.errors.NotFound} if there is no such file.
 */
export async function readLibrary(path: string): Promise<SharedLibrary> {
  using file = await Deno.open(path);
  const read = async (offset: bigint, length: bigint): Promise<DataView> => {
    const bytes = new Uint8Array(Number(length));
    await file.seek(offset, Deno.SeekMode.Start);
    for (let filled = 0; filled < bytes.length;) {
      const count = await file.read(bytes.subarray(filled));
      if (count === null) throw notElf(path);
      filled += count;
    }
    return new DataView(bytes.buffer);
  };
  const header = await read(0n, 64n);
  const elf64LittleEndian = header.getUint32(0) === 0x7f454c46 &&
    header.getUint16(4) === 0x0201;
  if (!elf64LittleEndian) throw notElf(path);

  const size = header.getUint16(54, true);
  const count = header.getUint16(56, true);
  const table = await read(
    header.getBigUint64(32, true),
    BigInt(size * count),
  );
  const segments = Array.from({ length: count }, (_, i) => {
    const word = (at: number) => table.getBigUint64(i * size + at, true);
    return {
      type: table.getUint32(i * size, true),
      offset: word(8),
      address: word(16),
      length: word(32),
    };
  });
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!dynamic) throw notElf(path);
  const entries = pairsIn(await read(dynamic.offset, dynamic.length));
  const first = (wanted: bigint) =>
    entries.find(([tag]) => tag === wanted)?.[1];
  const address = first(DT_STRTAB);
  const home = segments.find((s) =>
    s.type === PT_LOAD && address !== undefined &&
    address >= s.address && address < s.address + s.length
  );
  if (address === undefined || !home) throw notElf(path);
  const strings = new Uint8Array(
    (await read(address - home.address + home.offset, first(DT_STRSZ) ?? 0n))
      .buffer,
  );
  const text = (at: number) =>
    new TextDecoder().decode(strings.subarray(at, strings.indexOf(0, at)));
  return {
    x64: header.getUint16(18, true) === X86_64,
    needed: entries.filter(([tag]) => tag === DT_NEEDED)
      .map(([, at]) => text(Number(at))),
  };
}

// The entries of a dynamic section: a tag and a value each.
const pairsIn = (view: DataView) =>
  Array.from(
    { length: Math.floor(view.byteLength / 16) },
    (_, i) =>
      [
        view.getBigUint64(i * 16, true),
        view.getBigUint64(i * 16 + 8, true),
      ] as const,
  );

const notElf = (path: string) =>
  new SyntaxError(
    `Cannot read ${path}: not a shared library of 64-bit Linux, or truncated`,
  );
