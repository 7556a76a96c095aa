// The canned desk: one campaign, one script, a client who answers after two seconds.
import { clients, common, dispositions, script } from './mock-data.mjs';

const at = (ms = 0) => new Date(Date.now() + ms).toISOString();

export function makeDesk(changed) {
  const operator = {
    id: 1, login: 'op1', name: 'Мария Петрова', role: 'operator',
    language: 'ru', theme: 'system', phone: process.env.PHONE ?? 'sip', single_keys: true,
  };
  const desk = {
    operator, state: 'offline', since: at(), pbx_up: true, session_up: false, on_break: false, campaign: null,
    campaigns: [
      { id: 1, name: 'Продление ОСАГО, ноябрь', waiting: 1184 },
      { id: 2, name: 'Motor insurance renewal', waiting: 21 },
    ],
    today: { calls: 148, successes: 19, talk_s: 11_400 },
    refusal: null, work: null, number: '',
  };
  let client = 0;
  let path = [];
  let kept = {};
  let timers = [];

  const move = (state) => {
    desk.state = state;
    desk.since = at();
    changed();
  };
  const later = (ms, work, act) =>
    timers.push(setTimeout(() => desk.work?.id === work && act(), ms));
  const text = (value) => value.replace('{name}', desk.work.card.name.split(' ').slice(1).join(' '));

  function enterBlock(id) {
    const block = script.blocks[id];
    const run = desk.work.run;
    run.step += 1;
    run.block = structuredClone({ id, hint: '', answers: [], fields: [], end: false, goal: false, ...block });
    run.block.fields.unshift(structuredClone(common));
    run.block.text = text(run.block.text);
    for (const field of run.block.fields) field.value = kept[field.id] ?? null;
    run.progress = block.progress;
    run.in_jump = path.some((step) => step.jump);
    run.can_go_back = path.length > 0;
    run.trail = path.map((step, index) => ({ step: index + 1, title: script.blocks[step.block].title, answer: step.answer }));
    if (block.result) desk.work.suggested = block.result;
  }

  function pop(direction) {
    const known = clients[client++ % clients.length];
    const card = direction === 'inbound' ? { ...known, name: '', is_new: true, history: [], fields: [] } : known;
    desk.work = {
      id: `work-${client}`, direction, card: structuredClone(card), call: null, run: null, draft: null,
      dispositions, suggested: '', note: '', lease_until: direction === 'outbound' ? at(120_000) : null,
    };
    desk.work.run = { id: `run-${client}`, script: 'ОСАГО', version: 11, step: 0, jumps: script.jumps, trail: [] };
    path = [];
    kept = {};
    enterBlock('hello');
  }

  function ring() {
    const phone = desk.work.card.phones[0];
    desk.work.call = {
      id: `call-${client}`, number: phone.national, state: 'dialling', started_at: at(), answered_at: null,
      ended_at: null, outcome: '', ended_by: '', recorded: true, recording_paused: false, muted: false,
    };
  }

  function end(outcome, by) {
    Object.assign(desk.work.call, { state: 'ended', ended_at: at(), outcome, ended_by: by });
    if (outcome !== 'answered') desk.work.suggested = outcome;
    desk.today.calls += 1;
    move('wrapup');
  }

  const acts = {
    session({ on }) {
      desk.session_up = on;
      if (!on) return move('offline');
      move('connecting');
      setTimeout(() => move('ready'), 600);
    },
    campaign: ({ campaign }) => {
      const { id, name } = desk.campaigns.find((one) => one.id === campaign);
      desk.campaign = { id, name, talking_point: 'До 30 ноября скидка 5 % постоянным клиентам. Расчёт за две минуты, полис приходит на почту.' };
    },
    break: ({ on }) => {
      desk.on_break = on;
      move(desk.work ? desk.state : on ? 'break' : 'ready');
    },
    next: () => {
      if (!desk.campaign) {
        desk.refusal = { code: 'no_campaign', params: {}, until: null };
        return;
      }
      desk.refusal = null;
      pop('outbound');
      move('preview');
    },
    dial: ({ work }) => {
      ring();
      move('dialling');
      later(700, work, () => { desk.work.call.state = 'ringing'; move('ringing'); });
      later(1800, work, () => {
        if (desk.work.card.phones[0].label === 'занято') return end('busy', 'client');
        Object.assign(desk.work.call, { state: 'bridged', answered_at: at() });
        move('talking');
      });
    },
    answer: () => {
      ring();
      Object.assign(desk.work.call, { state: 'bridged', answered_at: at() });
      move('talking');
    },
    hangup: () => end(desk.state === 'talking' ? 'answered' : 'cancelled', 'operator'),
    pause: ({ on }) => { desk.work.call.recording_paused = on; },
    mute: ({ on }) => { desk.work.call.muted = on; },
    step: (body) => step(body),
    fields: ({ fields }) => keep(fields),
    draft: (body) => {
      const minutes = body.callback_minutes;
      desk.work.note = body.note ?? desk.work.note;
      desk.work.draft = {
        disposition: body.disposition ?? '', comment: body.comment ?? '',
        callback_at: minutes ? at(minutes * 60_000) : body.callback_at,
      };
    },
    client: ({ name }) => { desk.work.card.name = name; },
    save: ({ next }) => {
      if (!(desk.work.draft?.disposition || desk.work.suggested)) return { code: 'disposition_missing' };
      if (desk.work.call && desk.work.call.state !== 'ended') return { code: 'still_talking' };
      desk.work = null;
      desk.state = desk.on_break ? 'break' : 'ready';
      desk.since = at();
      if (next && !desk.on_break) acts.next({});
    },
  };

  function keep(fields = {}) {
    for (const field of desk.work.run.block.fields) if (field.id in fields) field.value = kept[field.id] = fields[field.id];
  }

  function step({ step: number, move: go }) {
    const run = desk.work.run;
    if (number !== run.step) return { code: 'stale_step' };
    if (go.kind === 'back') enterBlock(path.pop().block);
    else if (go.kind === 'return') {
      const from = path.findIndex((one) => one.jump);
      const home = path[from].block;
      path = path.slice(0, from);
      enterBlock(home);
    } else {
      keep(go.fields);
      const empty = run.block.fields.find((field) => field.required && !field.value);
      if (empty && go.kind === 'answer') return { code: 'field_missing', params: { field: empty.id } };
      const chosen = run.block.answers.find((one) => one.id === go.answer);
      path.push({ block: run.block.id, answer: chosen?.text ?? go.note ?? '', jump: go.kind === 'jump' });
      if (go.kind === 'jump') enterBlock(script.jumps.find((one) => one.id === go.jump).to);
      else enterBlock(chosen?.to ?? script.blocks[run.block.id].otherwise ?? 'later');
    }
    return undefined;
  }

  return {
    view: () => structuredClone({ ...desk, server_now: at() }),
    me: (what) => { Object.assign(operator, what); changed(); },
    act: (verb, body) => {
      const trouble = acts[verb](body);
      changed();
      return trouble;
    },
    /** For pictures: any part of the desk, or an incoming call. */
    force: ({ reset, offer, end: outcome, ...what }) => {
      if (reset) {
        timers.forEach(clearTimeout);
        Object.assign(desk, { state: 'offline', since: at(), pbx_up: true, session_up: false, campaign: null, refusal: null, work: null });
        client = 0;
      }
      if (offer) { pop('inbound'); desk.number = desk.work.card.phones[0].national; move('offered'); }
      if (outcome) end(outcome, 'client');
      Object.assign(desk, what);
      changed();
    },
  };
}
