/** Says one step of the start in one line, with its time when `since` (of performance.now) is given. */
export function say(step: string, text: string, since?: number): void {
  const time = since === undefined ? '' : `${((performance.now() - since) / 1000).toFixed(2).padStart(6)} s`;
  console.log(`  ${step.padEnd(10)} ${time ? text.padEnd(46) : text} ${time}`.trimEnd());
}

/** Something that a person can put right stands in the way of the start: told without a stack. */
export class CannotStart extends Error {}

/** Tells why the start failed, with a stack only where we don't know better, and ends the process. */
export function giveUp(error: unknown): never {
  if (error instanceof CannotStart) console.error(`\n${error.message}\n`);
  else console.error('\nBanhui could not start:', error);
  process.exit(1);
}
