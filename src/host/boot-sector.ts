/** What the guest writes to the isa-debug-exit port; qemu then ends with (value << 1) | 1. */
const VERDICT = 0x10;
export const PROBE_EXIT_CODE = (VERDICT << 1) | 1;
export const PROBE_PORT = 0xf4;

const LOAD = 0x7c00;
const CODE_SELECTOR = 0x08;
const DATA_SELECTOR = 0x10;

/**
 * A boot sector that needs what any kernel needs: real mode, then 64-bit long mode with paging, a model specific register read
 * from there, and a port written. A virtualization that only manages 16-bit code (there are such) does not get to the end.
 */
export function bootSector(): Buffer {
  const code: number[] = [];
  const emit = (...bytes: number[]): number => code.push(...bytes) - bytes.length;
  const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
  const long = (value: number): number[] => [...word(value & 0xffff), ...word(value >>> 16)];
  const patch = (at: number, value: number): void => {
    code.splice(at, 2, ...word(value));
  };

  // 16 bits: no interrupts, all segments 0, stack below us.
  emit(0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, ...word(LOAD));
  // Three page tables at 0x1000, 0x2000, 0x3000: cleared, then one 2 MiB page that maps address 0 to itself.
  emit(0xfc, 0xbf, ...word(0x1000), 0xb9, ...word(0x1800), 0xf3, 0xab);
  for (const [at, entry] of [
    [0x1000, 0x2003],
    [0x2000, 0x3003],
    [0x3000, 0x0083],
  ] as const) {
    emit(0xc7, 0x06, ...word(at), ...word(entry));
  }
  // CR4.PAE, CR3, EFER.LME, then CR0.PE and CR0.PG at once.
  emit(0x66, 0xb8, ...long(0x20), 0x0f, 0x22, 0xe0);
  emit(0x66, 0xb8, ...long(0x1000), 0x0f, 0x22, 0xd8);
  emit(0x66, 0xb9, ...long(0xc0000080), 0x0f, 0x32, 0x66, 0x0d, ...long(0x100), 0x0f, 0x30);
  emit(0x0f, 0x20, 0xc0, 0x66, 0x0d, ...long(0x80000001), 0x0f, 0x22, 0xc0);
  const lgdt = emit(0x0f, 0x01, 0x16, 0, 0) + 3;
  const jump = emit(0xea, 0, 0, ...word(CODE_SELECTOR)) + 1;

  // 64 bits: data segments, a value that only fits a 64-bit register, EFER read back (bit 10: long mode is active).
  patch(jump, LOAD + code.length);
  emit(0x66, 0xb8, ...word(DATA_SELECTOR), 0x8e, 0xd8, 0x8e, 0xd0);
  emit(0x48, 0xb8, ...long(0), ...long(0x7654_3210), 0x48, 0xc1, 0xe8, 0x3c, 0x3c, 0x07);
  const ifNot64 = emit(0x75, 0) + 1;
  emit(0xb9, ...long(0xc0000080), 0x0f, 0x32, 0x0f, 0xba, 0xe0, 0x0a);
  const ifNotLong = emit(0x73, 0) + 1;
  emit(0xb0, VERDICT, 0xe6, PROBE_PORT);
  const halt = emit(0xf4, 0xeb, 0xfd);
  code[ifNot64] = halt - ifNot64 - 1;
  code[ifNotLong] = halt - ifNotLong - 1;

  while (code.length % 8 !== 0) emit(0);
  const table = code.length;
  // Null, 64-bit code, data.
  emit(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x9a, 0x20, 0, 0, 0, 0, 0, 0, 0x92, 0, 0);
  patch(lgdt, LOAD + code.length);
  emit(...word(23), ...long(LOAD + table));
  if (code.length > 510) throw new Error("the boot sector is too long");
  const sector = Buffer.alloc(512);
  Buffer.from(code).copy(sector);
  sector.set([0x55, 0xaa], 510);
  return sector;
}
