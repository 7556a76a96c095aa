/** What a list is filtered by stands in the address, so that a link opens the same view. */
export type Filters = Record<string, string>;

export const read = (query: string): Filters => Object.fromEntries(new URLSearchParams(query));

/** Without what is empty, in the order of the names. */
export function write(filters: Filters): string {
  const given = Object.entries(filters).filter(([, value]) => value !== '');
  return new URLSearchParams(given.sort(([one], [other]) => one.localeCompare(other))).toString();
}

/** A day so many days ago, by this browser's clock, as the server wants it. */
export function daysAgo(days: number, now = new Date()): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}
