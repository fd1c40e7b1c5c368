/** Ctrl-C and kill: says what that means before it ends, with the exit code shells expect (128 + signal). */
export function sayWhenInterrupted(command: string, meaning: string): void {
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  for (const [signal, code] of Object.entries(signals)) {
    process.once(signal, () => {
      process.stderr.write(`\n${command} was interrupted: ${meaning}\n`);
      process.exit(code);
    });
  }
}
