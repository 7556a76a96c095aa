/** Why a talk did not come to the script's end, as an operator may say. */
import type { ResultDraft } from '../../lib/api.gen';

export type BrokenOff = Exclude<ResultDraft['reason'], ''>;

export const reasons: readonly BrokenOff[] = [
  'hung_up',
  'wrong_person',
  'no_time',
  'no_interest',
  'bad_line',
  'language',
  'machine',
  'other',
];
