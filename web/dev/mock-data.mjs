// Canned clients, script and results for the stand-in server.
const field = (id, label, kind, required, choices = []) => ({ id, label, kind, required, choices, value: null, common: false });
const answer = (id, text, tone, to) => ({ id, text, tone, to });

export const clients = [
  {
    client_id: 1, name: 'Кузнецова Анна Сергеевна', is_new: false, city: 'Новосибирск', timezone: 'Asia/Novosibirsk',
    phones: [
      { id: 1, e164: '+79135550127', national: '8 (913) 555-01-27', label: 'мобильный', flagged: false },
      { id: 2, e164: '+73835550128', national: '8 (383) 555-01-28', label: 'рабочий', flagged: true },
    ],
    fields: [
      { label: 'Полис до', value: '30.11.2026' },
      { label: 'Автомобиль', value: 'Kia Rio, 2019' },
      { label: 'Источник', value: 'Excel, 18.11' },
    ],
    attempt: 2, max_attempts: 5,
    history: [
      { at: '2026-11-20T09:05:00Z', campaign: 'Продление ОСАГО', disposition: 'Занято', comment: '', operator: '' },
      { at: '2026-10-14T04:20:00Z', campaign: 'Продление ОСАГО', disposition: 'Отказ', comment: 'дорого', operator: 'Иванова' },
      { at: '2025-12-02T08:00:00Z', campaign: 'Каско', disposition: 'Продан полис', comment: '7 850 ₽', operator: 'Мария П.' },
    ],
  },
  {
    client_id: 2, name: 'Сидоров Пётр Ильич', is_new: false, city: 'Тула', timezone: 'Europe/Moscow',
    phones: [{ id: 3, e164: '+79205550102', national: '8 (920) 555-01-02', label: 'занято', flagged: false }],
    fields: [{ label: 'Полис до', value: '04.12.2026' }], attempt: 1, max_attempts: 5, history: [],
  },
];

export const dispositions = [
  ['sale', 'Заявка оформлена', 'success', 'optional', false],
  ['callback', 'Перезвонить', 'reached', 'optional', true],
  ['refused', 'Отказ', 'refused', 'required', false],
  ['no_answer', 'Нет ответа', 'not_reached', 'none', false],
  ['busy', 'Занято', 'not_reached', 'none', false],
  ['machine', 'Автоответчик', 'technical', 'none', false],
  ['wrong', 'Неверный номер', 'technical', 'none', false],
  ['dnc', 'Не звонить', 'refused', 'required', false],
].map(([id, title, group, comment, callback]) => ({ id, title, group, comment, callback }));

export const common = { ...field('contact', 'С кем говорим', 'text', false), common: true };

export const script = {
  jumps: [
    { id: 'price', text: 'Дорого', to: 'price' },
    { id: 'who', text: 'Кто вы?', to: 'who' },
    { id: 'later', text: 'Некогда', to: 'later' },
  ],
  blocks: {
    hello: {
      title: 'Приветствие', progress: 0.1, otherwise: 'need',
      text: 'Здравствуйте, {name}! Меня зовут Мария, компания «Полис-Сервис».\n\nВаш полис ОСАГО заканчивается 30 ноября. Удобно сейчас говорить?',
      hint: 'Говорите спокойно, дождитесь ответа. Если занято, предложите время.',
      answers: [
        answer('yes', 'Да, удобно', 'positive', 'need'), answer('no', 'Неудобно, перезвоните', 'neutral', 'later'),
        answer('not', 'Не интересует', 'negative', 'price'), answer('wrong', 'Это не я / ошиблись номером', 'negative', 'bye'),
      ],
    },
    need: {
      title: 'Потребность', progress: 0.4, otherwise: 'count',
      text: 'Подскажите, вы уже продлили полис или ещё выбираете страховую?',
      hint: '', answers: [
        answer('not_yet', 'Ещё не продлевал(а)', 'positive', 'count'), answer('done', 'Уже продлил(а)', 'negative', 'bye'),
        answer('price', 'Сколько стоит?', 'neutral', 'count'),
      ],
    },
    count: {
      title: 'Расчёт', progress: 0.6, otherwise: 'goal', hint: 'Заполните обязательные поля.',
      text: 'Отлично! Чтобы посчитать точно, уточню два параметра. Кто будет за рулём и менялся ли стаж?',
      fields: [
        field('drivers', 'Число водителей', 'number', true), field('years', 'Стаж, лет', 'number', true),
        field('email', 'E-mail для полиса', 'email', false), field('extra', 'Что добавить', 'choices', false, ['Каско', 'ДМС', 'Помощь на дороге']),
        field('kind', 'Кузов', 'choice', false, ['Седан', 'Хэтчбек', 'Универсал']), field('taxi', 'Такси', 'yes_no', false),
      ],
      answers: [
        answer('agree', 'Согласен(на) на расчёт', 'positive', 'goal'), answer('dear', 'Дорого', 'negative', 'price'),
        answer('think', 'Нужно посоветоваться', 'neutral', 'later'),
      ],
    },
    price: {
      title: 'Возражение «дорого»', progress: 0.7, otherwise: 'bye',
      text: 'Понимаю вас. Мы сравниваем 12 страховых, в прошлом году вы сэкономили 1 150 ₽. Давайте посчитаю?',
      answers: [answer('ok', 'Хорошо, считайте', 'positive', 'count'), answer('no', 'Нет, спасибо', 'negative', 'bye')],
    },
    who: {
      title: 'Кто мы', progress: 0.5, text: 'Мы страховой брокер, работаем с 2009 года.',
      answers: [answer('ok', 'Понятно', 'neutral', 'need')],
    },
    later: { title: 'Перезвон', progress: 0.9, text: 'Когда вам удобно? Запишу точное время.', end: true, result: 'callback' },
    goal: { title: 'Итог: заявка', progress: 1, text: 'Спасибо! Расчёт придёт в течение 10 минут. Хорошего дня!', end: true, goal: true, result: 'sale' },
    bye: { title: 'Итог: отказ', progress: 1, text: 'Понимаю, спасибо за время. Хорошего дня!', end: true, result: 'refused' },
  },
};
