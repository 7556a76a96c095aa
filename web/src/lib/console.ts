/** What the server says to the console: the same shapes as dialer/desk/board.py, call_page.py and dialer/campaigns/routes.py. */
import type { LabelledValue, Language } from './view';

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

export interface CampaignRow {
  id: number;
  name: string;
  kind: 'outbound' | 'inbound';
  language: Language;
  status: string;
  line: string;
  script: string;
  pool: Record<PoolState, number>;
  today: { attempts: number; answered: number; successes: number };
}

export interface EntryRow {
  id: number;
  client: string;
  city: string;
  state: PoolState;
  attempts: number;
  due_at: string | null;
  last_disposition: string;
  operator: string;
}

export interface OperatorLine {
  id: number;
  name: string;
  state: string;
  since: string;
  campaign: string;
  client: string;
}

export interface LiveCall {
  id: string;
  direction: 'outbound' | 'inbound';
  state: string;
  operator: string;
  client: string;
  number: string;
  campaign: string;
  started_at: string;
  answered_at: string | null;
}

export interface ConsoleView {
  server_now: string;
  pbx_up: boolean;
  operators: OperatorLine[];
  calls: LiveCall[];
  campaigns: CampaignRow[];
}

export interface CallRow {
  id: string;
  direction: 'outbound' | 'inbound';
  client: string;
  number: string;
  campaign: string;
  operator: string;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  talk_s: number;
  outcome: string;
  disposition: string;
  recording: string;
}

export interface StepRow {
  seq: number;
  block: string;
  title: string;
  text: string;
  answer: string;
  kind: string;
  note: string;
  fields: LabelledValue[];
  entered_at: string;
  answered_at: string;
  /** The second of the recording at which the answer was given; `from_s`, at which the block was shown. */
  offset_s: number | null;
  from_s?: number | null;
}

export interface RecordingView {
  state: string;
  duration_s: number | null;
  channels: number;
  uncertain: boolean;
  audio: string | null;
  peaks: { left: number[]; right: number[] };
}

export interface CallPage extends Omit<CallRow, 'recording'> {
  client_id: number | null;
  ended_by: string;
  end_reason: string;
  cause: number | null;
  comment: string;
  script: { name: string; version: number } | null;
  steps: StepRow[];
  recording: RecordingView | null;
}

export interface Page<Row> {
  items: Row[];
  next: string | null;
}
