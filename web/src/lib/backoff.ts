/** The pause before try number `attempt` (from 0), in ms: doubling from 250 to 8,000, with up to a fifth of jitter. */
export function pause(attempt: number, random: () => number = Math.random): number {
  const flat = Math.min(8_000, 250 * 2 ** Math.min(attempt, 10));
  return Math.round(flat * (0.8 + 0.4 * random()));
}
