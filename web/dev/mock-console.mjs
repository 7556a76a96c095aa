// Canned console: operators, calls, campaigns and one recording with a tone for each second.
const at = (s) => new Date(Date.now() + s * 1000).toISOString();
const seconds = 60;
const rate = 8000;

const operators = [
  [1, 'Мария Петрова', 'talking', 75, 'Продление ОСАГО, ноябрь', 'Кузнецова А. С.'], [2, 'John Smith', 'wrapup', 31, 'Motor insurance renewal', 'Ann Baker'],
  [3, 'Иванова Ольга', 'ready', 4, 'Продление ОСАГО, ноябрь', ''], [4, 'Сидорова Нина', 'break', 610, '', ''],
  [5, 'Пётр Орлов', 'ringing', 8, 'Продление ОСАГО, ноябрь', 'Зайцев И. И.'], [6, 'Анна Лис', 'offline', 7200, '', ''],
];
export const campaigns = [
  { id: 1, name: 'Продление ОСАГО, ноябрь', kind: 'outbound', language: 'ru', status: 'running', line: 'Основная', script: 'ОСАГО v11', pool: { waiting: 1184, claimed: 2, calling: 1, talking: 3, wrapup: 1, postponed: 96, done: 640, excluded: 31 }, today: { attempts: 551, answered: 320, successes: 76 } },
  { id: 2, name: 'Motor insurance renewal', kind: 'outbound', language: 'en', status: 'paused', line: 'Main', script: 'Renewal v3', pool: { waiting: 21, claimed: 0, calling: 0, talking: 0, wrapup: 1, postponed: 4, done: 170, excluded: 4 }, today: { attempts: 40, answered: 22, successes: 3 } },
];
const states = ['ready', 'ready', 'writing', 'no_audio', 'missing', 'repaired', 'none'];
const call = (n) => ({
  id: `01HCALL${String(n).padStart(4, '0')}`, direction: n % 4 ? 'outbound' : 'inbound', client: 'Кузнецова Анна Сергеевна', number: '8 (913) 555-01-27',
  campaign: campaigns[n % 2].name, operator: operators[n % 5][1], started_at: at(-n * 190), answered_at: n % 3 ? at(-n * 190 + 12) : null,
  ended_at: at(-n * 190 + 100), talk_s: n % 3 ? 60 : 0, outcome: n % 3 ? 'answered' : 'busy', disposition: n % 3 ? 'Заявка оформлена' : 'Занято', recording: states[n % 7],
});

export const consoleState = () => ({
  server_now: at(0), pbx_up: true, stopped: [], alarms: [{ code: 'cap_calls_per_minute', line: 'main', operator_id: 1, operator: 'Мария Петрова', params: { limit: 30, scope: 'operator', key: '' }, times: 170, first_at: at(-60), last_at: at(-2) }], campaigns,
  pbxs: [{ name: 'main', up: true, operators: 3, calls: 2 }], troubles: [],
  operators: operators.map(([id, name, state, s, campaign, client]) => ({ id, name, state, since: at(-s), campaign, client })),
  calls: [
    { id: 'a', direction: 'outbound', state: 'bridged', operator: 'Мария Петрова', client: 'Кузнецова А. С.', number: '8 (913) 555-01-27', campaign: campaigns[0].name, started_at: at(-87), answered_at: at(-75) },
    { id: 'b', direction: 'inbound', state: 'ringing', operator: 'Пётр Орлов', client: '', number: '8 (920) 555-01-02', campaign: '', started_at: at(-8), answered_at: null },
  ],
});

const step = (seq, title, text, answer, s, kind = 'answer', fields = []) => ({
  seq, block: title, title, text, answer, kind, note: kind === 'none' ? 'Спросил про доставку' : '', fields, entered_at: at(-600 + s - 8), answered_at: at(-600 + s), segment: 1, offset_s: s,
});
const steps = [
  step(1, 'Приветствие', 'Здравствуйте, Анна Сергеевна! Меня зовут Мария. Удобно сейчас говорить?', 'Да, удобно', 8),
  step(2, 'Потребность', 'Подскажите, вы уже продлили полис?', 'Ещё не продлевала', 19), step(3, 'Кто мы', 'Мы страховой брокер.', 'Понятно', 27, 'jump'),
  step(4, 'Расчёт', 'Кто будет за рулём и менялся ли стаж?', 'Согласна на расчёт', 44, 'answer', [{ label: 'Число водителей', value: '2' }, { label: 'Стаж, лет', value: '11' }]),
  step(5, 'Итог', 'Спасибо! Расчёт придёт в течение 10 минут.', '', 52, 'none'),
];
const peaks = (phase) => Array.from({ length: 1000 }, (_, n) => (Math.sin(n / 40 + phase) > 0 ? 0.25 + 0.6 * Math.abs(Math.sin(n * 1.7)) : 0.02));

function wav() {
  const frames = seconds * rate;
  const out = Buffer.alloc(44 + frames * 4);
  out.write('RIFF', 0); out.writeUInt32LE(out.length - 8, 4); out.write('WAVEfmt ', 8); out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20); out.writeUInt16LE(2, 22); out.writeUInt32LE(rate, 24); out.writeUInt32LE(rate * 4, 28);
  out.writeUInt16LE(4, 32); out.writeUInt16LE(16, 34); out.write('data', 36); out.writeUInt32LE(frames * 4, 40);
  for (let n = 0; n < frames; n += 1) {
    const tone = Math.sin((2 * Math.PI * (300 + 10 * Math.floor(n / rate)) * n) / rate) * 6000;
    out.writeInt16LE(tone, 44 + n * 4);
    out.writeInt16LE(tone / 2, 46 + n * 4);
  }
  return out;
}
const audio = wav();

const policy = { stopped: false, stopped_by: '', stopped_at: null, ranges: [{ prefix: '+375', allowed: true }], rates: [{ prefix: '', per_minute: 1500 }], caps: [], hours: null, caller_ids: ['+74950000001', '+74950000002'], rotation: 'same_for_client' };
const lines = {
  lines: [{ name: 'main', region: 'RU', capacity: 30, live: 12, minute: 4, seconds: 5400, cost: 135000, caller_ids: policy.caller_ids, configured: [], policy }],
  service: { ...policy, ranges: [], rates: [], caller_ids: [], caps: [{ scope: 'operator', key: '', calls_per_minute: 30, concurrent: 4, minutes_per_day: 900, cost_per_day: null }] },
  proposals: [{ id: 1, line: 'main', range: { prefix: '+998', allowed: true }, by: 'Админ', by_id: 99, at: at(-600) }],
};

export function consoleRoutes(path, query) {
  if (path === '/api/v1/lines') return lines;
  if (path === '/api/v1/campaigns') return { items: campaigns };
  if (/campaigns\/\d+\/entries/.test(path)) {
    const from = Number(query.get('cursor') ?? 0);
    const all = ['waiting', 'postponed', 'done', 'excluded'];
    const items = Array.from({ length: 50 }, (_, n) => ({ id: from + n, client: `Клиент № ${from + n + 1}`, city: 'Тула', state: query.get('state') || all[n % 4], attempts: n % 5, due_at: n % 2 ? at(n * 600) : null, last_disposition: n % 2 ? 'Занято' : '', operator: n % 4 === 1 ? 'Иванова Ольга' : '' }));
    return { items, next: from < 200 ? String(from + 50) : null };
  }
  if (path === '/api/v1/calls') {
    const from = Number(query.get('cursor') ?? 1);
    return { items: Array.from({ length: 50 }, (_, n) => call(from + n)), next: from < 200 ? String(from + 50) : null };
  }
  if (/recordings\/[^/]+\/\d+\/audio/.test(path)) return audio;
  const id = /calls\/01HCALL(\d+)/.exec(path)?.[1];
  if (!id) return null;
  const row = call(Number(id));
  const has = ['ready', 'repaired'].includes(row.recording);
  return {
    ...row, client_id: 1, ended_by: 'client', end_reason: 'hangup', cause: 16, comment: 'Ждёт расчёт на почту', script: { name: 'ОСАГО', version: 11 }, steps,
    recording: {
      state: row.recording, duration_s: has ? seconds : 0, channels: 2, uncertain: row.recording === 'repaired',
      segments: [{ number: 1, state: row.recording, started_at: row.started_at, duration_s: has ? seconds : 0, audio: has ? `/api/v1/recordings/${row.id}/1/audio?sig=1` : null, peaks: has ? { left: peaks(0), right: peaks(3) } : { left: [], right: [] } }],
      pauses: has ? [{ segment: 1, from_s: 4, to_s: 6, by: 'Иванова Ольга', how: 'time' }] : [], held: null,
    },
  };
}
