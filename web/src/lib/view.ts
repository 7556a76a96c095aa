/** What the server says to the operator's page, as `dialer openapi` describes it. Times are ISO 8601 in UTC. */
import type { CallView, OperatorView, ScriptFieldView, StepBody } from './api.gen';

export type {
  BlockView,
  CallView,
  Colleague,
  ControlsView,
  CardView,
  DeskFrame,
  DeskState,
  DeskView,
  DispositionView,
  GuestView,
  HistoryLine,
  OperatorView,
  RefusalView,
  RunView,
  ThirdView,
  WorkView,
} from './api.gen';

/** Over for the operator: ended, or somebody else has the client now. */
export const isOver = (call: CallView): boolean => call.state === 'ended' || call.state === 'transferred';

export type Language = OperatorView['language'];
export type Theme = OperatorView['theme'];

export type ScriptField = ScriptFieldView;
export type FieldKind = ScriptField['kind'];
export type FieldValue = ScriptField['value'];

/** A move without what was typed; that goes with it when it is sent. */
export type Move = WithoutFields<StepBody['move']>;
type WithoutFields<One> = One extends unknown ? Omit<One, 'fields'> : never;

/** A row of which the description says `string` where only these words come. */
export type Narrowed<Row, Words extends { [Name in keyof Words]: Name extends keyof Row ? Row[Name] : never }> = Omit<
  Row,
  keyof Words
> &
  Words;
