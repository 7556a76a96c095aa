/** Which parts of the console a role is shown. The server decides what it may: this only spares it closed doors. */
const seniors = ['live', 'campaigns', 'calls', 'scripts', 'statistics', 'answers', 'reviews', 'lines', 'listenings'] as const;
export type Part = (typeof seniors)[number] | 'health' | 'hooks';

const shown: Record<string, readonly Part[]> = {
  supervisor: seniors,
  admin: [...seniors, 'health', 'hooks'],
  reviewer: ['calls', 'answers', 'reviews'],
};

/** None: this page is not for the role. */
export const partsOf = (role: string): readonly Part[] => shown[role] ?? [];

/** Whether the role sees the live state of the whole office, which all but the lists of calls are drawn from. */
export const seesAll = (role: string): boolean => partsOf(role).includes('live');
