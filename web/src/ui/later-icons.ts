/** Icons that only parts loaded later show: to import this makes them known. */
import { icons } from './icons';

const later = {
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  whole: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  scheme: 'M4 4h6v5H4zM14 15h6v5h-6zM7 9v8h7',
  branch: 'M4 12h5l4-6h7M9 12l4 6h7M17 3l3 3-3 3M17 15l3 3-3 3',
  sub: 'M8 4h12v12M4 8h12v12H4z',
  stop: 'M6 6h12v12H6z',
  forward2: 'M5 12h13M13 7l5 5-5 5',
  flag: 'M6 21V4M6 4h12l-3 4 3 4H6',
  redo: 'M16 5l4 4-4 4M20 9H10a5 5 0 0 0 0 10h3',
  search: 'M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500 20 20',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100M16.300 16.300l2.100 2.100M18.400 5.600l-2.100 2.100M7.700 16.300l-2.100 2.100',
} as const;

export type Later = keyof typeof later;
Object.assign(icons, later);
