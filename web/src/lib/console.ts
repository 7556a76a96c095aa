/** What the server says to the console, as `dialer openapi` describes it. */
import type * as api from './api.gen';
import type { Language, Narrowed } from './view';

export type {
  EarLine,
  HeldView,
  ListeningRow,
  LogRow,
  OperatorLine,
  PauseView,
  RecordingLog,
  RecordingView,
  SegmentView,
  StepRow,
} from './api.gen';

export const poolStates = [
  'waiting',
  'postponed',
  'claimed',
  'calling',
  'talking',
  'wrapup',
  'done',
  'excluded',
] as const;
export type PoolState = (typeof poolStates)[number];

interface Directed {
  direction: 'outbound' | 'inbound';
}

export type CampaignRow = Narrowed<
  api.CampaignRow,
  { kind: 'outbound' | 'inbound'; language: Language; pool: Record<PoolState, number> }
>;
export type EntryRow = Narrowed<api.EntryRow, { state: PoolState }>;
export type LiveCall = Narrowed<api.LiveCall, Directed>;
export type CallRow = Narrowed<api.CallRow, Directed>;
export type CallPage = Narrowed<api.CallPage, Directed>;
export type ConsoleView = Narrowed<api.ConsoleView, { calls: LiveCall[]; campaigns: CampaignRow[] }>;
export type ConsoleFrame = Narrowed<api.ConsoleFrame, { console: ConsoleView }>;

export type Severity = 'error' | 'warning' | 'note' | 'ok';
export type HealthFinding = Narrowed<api.HealthFinding, { severity: Severity }>;
export type HealthEcho = Narrowed<api.HealthEcho, { finding: HealthFinding | null }>;
export type HealthView = Narrowed<api.HealthView, { findings: HealthFinding[]; echo: HealthEcho | null }>;

export interface Page<Row> {
  items: Row[];
  next: string | null;
}
