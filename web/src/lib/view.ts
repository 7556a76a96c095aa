/** What the server says: the same shapes as `dialer/desk/view.py`. Times are ISO 8601 in UTC. */

export type DeskState =
  | 'offline'
  | 'connecting'
  | 'ready'
  | 'break'
  | 'preview'
  | 'offered'
  | 'dialling'
  | 'ringing'
  | 'talking'
  | 'wrapup';

export type Language = 'ru' | 'en';
export type Theme = 'light' | 'dark' | 'system';

export interface OperatorView {
  id: number;
  login: string;
  name: string;
  role: string;
  language: Language;
  theme: Theme;
  phone: 'sip' | 'webrtc';
  single_keys: boolean;
}

export interface CampaignChoice {
  id: number;
  name: string;
  waiting: number;
}

export interface RefusalView {
  code: string;
  params: Record<string, string | number>;
  until: string | null;
}

export interface PhoneView {
  id: number;
  e164: string;
  national: string;
  label: string;
  flagged: boolean;
}

export interface LabelledValue {
  label: string;
  value: string;
}

export interface HistoryLine {
  at: string;
  campaign: string;
  disposition: string;
  comment: string;
  operator: string;
}

export interface CardView {
  client_id: number;
  name: string;
  is_new: boolean;
  phones: PhoneView[];
  city: string;
  timezone: string;
  fields: LabelledValue[];
  attempt: number;
  max_attempts: number;
  history: HistoryLine[];
}

export interface CallView {
  id: string;
  number: string;
  state: 'dialling' | 'ringing' | 'answered' | 'bridged' | 'held' | 'transferred' | 'ended';
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  outcome: string;
  ended_by: string;
  recorded: boolean;
  muted: boolean;
}

export type FieldKind =
  | 'text'
  | 'number'
  | 'money'
  | 'date'
  | 'time'
  | 'choice'
  | 'choices'
  | 'yes_no'
  | 'phone'
  | 'email';
export type FieldValue = string | string[] | boolean | null;

export interface ScriptField {
  id: string;
  label: string;
  kind: FieldKind;
  required: boolean;
  choices: string[];
  value: FieldValue;
  common: boolean;
}

export interface AnswerView {
  id: string;
  text: string;
  tone: 'positive' | 'neutral' | 'negative';
}

export interface JumpView {
  id: string;
  text: string;
}

export interface BlockView {
  id: string;
  title: string;
  text: string;
  hint: string;
  answers: AnswerView[];
  fields: ScriptField[];
  end: boolean;
  goal: boolean;
}

export interface TrailStep {
  step: number;
  title: string;
  answer: string;
}

export interface RunView {
  id: string;
  script: string;
  version: number;
  step: number;
  progress: number;
  block: BlockView;
  jumps: JumpView[];
  trail: TrailStep[];
  can_go_back: boolean;
  in_jump: boolean;
}

export interface DispositionView {
  id: string;
  title: string;
  group: 'reached' | 'not_reached' | 'refused' | 'success' | 'technical';
  comment: 'none' | 'optional' | 'required';
  callback: boolean;
}

export interface ResultDraft {
  disposition: string;
  comment: string;
  callback_at: string | null;
}

export interface WorkView {
  id: string;
  direction: 'outbound' | 'inbound';
  card: CardView;
  call: CallView | null;
  run: RunView | null;
  dispositions: DispositionView[];
  draft: ResultDraft | null;
  suggested: string;
  note: string;
  lease_until: string | null;
}

export interface DeskView {
  operator: OperatorView;
  server_now: string;
  state: DeskState;
  since: string;
  pbx_up: boolean;
  session_up: boolean;
  campaign: { id: number; name: string; talking_point: string } | null;
  campaigns: CampaignChoice[];
  today: { calls: number; successes: number; talk_s: number };
  refusal: RefusalView | null;
  work: WorkView | null;
  number: string;
}

/** A whole state with its place in the order of states. */
export interface DeskFrame {
  stream: string;
  seq: number;
  desk: DeskView;
}

export type Move =
  | { kind: 'answer'; answer: string }
  | { kind: 'none'; note: string }
  | { kind: 'jump'; jump: string }
  | { kind: 'return' }
  | { kind: 'back' };
