import type { Later } from './later-icons';

/** Outlines on a 24-unit field, drawn with a stroke of the text's colour. */
const atOnce = {
  phone: 'M6.5 3.5 9 8 7 10a12 12 0 0 0 7 7l2-2 4.5 2.5v3a1 1 0 0 1-1.1 1C10.6 20.7 3.3 13.4 2.5 4.6a1 1 0 0 1 1-1.1z',
  hangup: 'M3 15c0-2 4-4.500 9-4.500s9 2.500 9 4.500v2.500l-5-1v-2.500a15 15 0 0 0-8 0v2.500l-5 1z',
  incoming: 'M20 4 12 12m0-6v6h6M6.500 5 8.500 9 7 10.500a11 11 0 0 0 6.500 6.500l1.500-1.500 4 2v2.500a1 1 0 0 1-1 1C10 21 3 14 3 6a1 1 0 0 1 1-1z',
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3',
  micOff: 'M9 9v2a3 3 0 0 0 5 2M15 11V6a3 3 0 0 0-6-.5M5 11a7 7 0 0 0 11 5.700M19 11c0 .8-.1 1.500-.3 2.200M12 18v3M4 3l16 18',
  play: 'M7 4.500v15l12-7.500z',
  pause: 'M8 5v14M16 5v14',
  record: 'M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM12 10.500a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3z',
  recordOff: 'M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9.500v5M14 9.500v5',
  cup: 'M4 9h12v6a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4zM16 10h2.500a2.500 2.500 0 0 1 0 5H16M8 3v3M12 3v3',
  hold: 'M8 5v14M16 5v14M4 5v14M20 5v14',
  forward: 'M13 5l6 6-6 6M19 11H8a4 4 0 0 0-4 4v4',
  pad: 'M6 5h.01M12 5h.01M18 5h.01M6 11h.01M12 11h.01M18 11h.01M6 17h.01M12 17h.01M18 17h.01',
  group: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2 20a7 7 0 0 1 14 0M16 4a3.500 3.500 0 0 1 0 7M18 13.500a7 7 0 0 1 4 6.500',
  ear: 'M7 9a5 5 0 0 1 10 0c0 4-4 4.500-4 8a3 3 0 0 1-5.500 1.500M10 9a2 2 0 0 1 4 0c0 1.500-1.500 2-2 3',
  whisper: 'M4 5h16v10H10l-4 4v-4H4zM8 10h.01M12 10h.01M16 10h.01',
  take: 'M12 3v10m-4-4 4 4 4-4M4 15v5h16v-5',
  check: 'M4 12.500 9.500 18 20 6.500',
  alert: 'M12 4 2.500 20h19zM12 10v4.500M12 17v.500',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0',
  pen: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  dots: 'M5 12h.01M12 12h.01M19 12h.01',
  moon: 'M20 14A8.500 8.500 0 0 1 10 4a8.500 8.500 0 1 0 10 10z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M5 5l1.700 1.700M17.300 17.300 19 19M19 5l-1.700 1.700M6.700 17.300 5 19',
  half: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  leave: 'M10 4H5v16h5M15 8l4 4-4 4M19 12H9',
  back: 'M10 6 4 12l6 6M4 12h16',
  undo: 'M8 5 4 9l4 4M4 9h10a5 5 0 0 1 0 10h-3',
  signal: 'M5 19v-4M10 19v-8M15 19V8M20 19V4',
  headset: 'M4 15v-3a8 8 0 0 1 16 0v3M4 14h3v6H5a1 1 0 0 1-1-1zM20 14h-3v6h2a1 1 0 0 0 1-1z',
  close: 'M6 6l12 12M18 6 6 18',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.500V12l3 2',
  list: 'M4 6h.01M4 12h.01M4 18h.01M8 6h12M8 12h12M8 18h12',
  keys: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8',
} as const;

export type IconName = keyof typeof atOnce | Later;
/** `later-icons` adds to them where a part needs more. */
export const icons: Record<string, string> = { ...atOnce };
