/** The picture of a recording: two channels, a mark at each answer. wavesurfer behind our own small face. */
import WaveSurfer from 'wavesurfer.js';
import Regions from 'wavesurfer.js/dist/plugins/regions.esm.js';
import { Ear, type Part } from './ear';

export interface Waveform {
  playFrom(second: number): void;
  toggle(): void;
  pause(): void;
  speed(rate: number): void;
  skip(seconds: number): void;
  /** Marks of a review, in place of those before. */
  faults(marks: Mark[]): void;
  destroy(): void;
}

export interface WaveformEvents {
  second: (at: number) => void;
  heard: (part: Part) => void;
  playing: (is: boolean) => void;
  ready: () => void;
  failed: () => void;
}

export interface Mark {
  at: number;
  text: string;
}

// wavesurfer's own inline style is taken out at build time: the content security policy allows no inline style.
const sheetText = `
  :host { user-select: none; min-width: 1px; }
  .scroll { position: relative; width: 100%; overflow-x: auto; overflow-y: hidden; }
  .noScrollbar { scrollbar-width: none; }
  .wrapper { position: relative; z-index: 2; overflow: visible; }
  .canvases { min-height: 128px; pointer-events: none; }
  .canvases > div, .progress > div { position: relative; }
  canvas { position: absolute; top: 0; display: block; image-rendering: pixelated; }
  .progress { position: absolute; z-index: 2; top: 0; left: 0; width: 0; height: 100%; overflow: hidden; pointer-events: none; }
  .cursor { position: absolute; z-index: 5; top: 0; left: 0; height: 100%; border-radius: 2px; pointer-events: none; }
  [part~="region-content"] { background: var(--surface); border-radius: 0 0 4px 0; font: 600 11px system-ui, sans-serif; }
`;

export interface Source {
  container: HTMLElement;
  audio: string;
  peaks: [number[], number[]];
  duration: number;
  marks: Mark[];
  silent: Part[];
}

export function draw(source: Source, events: WaveformEvents): Waveform {
  const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const regions = Regions.create();
  const channel = (wave: string) => ({ height: 62, waveColor: colour(wave), progressColor: colour('--muted') });
  const surfer = WaveSurfer.create({
    container: source.container,
    url: source.audio,
    peaks: source.peaks,
    duration: source.duration,
    splitChannels: [channel('--accent'), channel('--green')],
    cursorColor: colour('--text'),
    cursorWidth: 2,
    barHeight: gain(source.peaks),
    barWidth: 2,
    barGap: 1,
    plugins: [regions],
  });
  adoptStyle(surfer.getWrapper().getRootNode());
  // Marks added before "ready" all land at 0 s.
  surfer.on('ready', () => {
    for (const mark of source.marks) {
      regions.addRegion({ start: mark.at, color: colour('--red'), content: mark.text, drag: false, resize: false });
    }
    for (const part of source.silent) {
      regions.addRegion({ start: part.from, end: part.to, color: `${colour('--muted')}40`, drag: false, resize: false });
    }
    events.ready();
  });
  const ear = new Ear(events.heard);
  surfer.on('timeupdate', (second) => {
    if (surfer.isPlaying()) ear.at(second);
    events.second(second);
  });
  surfer.on('play', () => events.playing(true));
  surfer.on('pause', () => {
    ear.rest();
    events.playing(false);
  });
  surfer.on('destroy', () => ear.rest());
  surfer.on('error', events.failed);
  let drawn: ReturnType<typeof regions.addRegion>[] = [];
  const faults = (marks: Mark[]): void => {
    for (const region of drawn) region.remove();
    drawn = marks.map((mark) =>
      regions.addRegion({ start: mark.at, color: colour('--amber'), content: mark.text, drag: false, resize: false }),
    );
  };
  return { ...face(surfer), faults };
}

function face(surfer: WaveSurfer): Omit<Waveform, 'faults'> {
  return {
    playFrom: (second) => {
      surfer.setTime(second);
      void surfer.play();
    },
    pause: () => surfer.pause(),
    toggle: () => void surfer.playPause(),
    speed: (rate) => surfer.setPlaybackRate(rate, true),
    skip: (seconds) => surfer.skip(seconds),
    destroy: () => surfer.destroy(),
  };
}

/** Quiet recordings are drawn larger, both channels alike, so that they still compare. */
function gain(peaks: [number[], number[]]): number {
  const loudest = peaks.flat().reduce((most, value) => Math.max(most, value), 0);
  return loudest > 0 ? Math.min(6, 0.95 / loudest) : 1;
}

function adoptStyle(root: Node): void {
  if (!(root instanceof ShadowRoot)) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(sheetText);
  root.adoptedStyleSheets = [sheet];
}
