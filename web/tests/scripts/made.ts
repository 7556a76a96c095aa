/** Documents for tests. */
import { newAnswer, newBlock, newField, type Block, type Doc, type Place } from '../../src/console/scripts/doc';
import { emptyScript } from '../../src/console/scripts/doc';

export function doc(blocks: Block[], layout: Record<string, Place> = {}): Doc {
  return { script: { ...emptyScript('S', 'ru', 'x'), blocks, start: blocks[0]?.id ?? '' }, layout };
}

/** hello → order → bye, and a jump's block that returns. */
export function small(): Doc {
  return doc(
    [
      newBlock('hello', {
        title: 'Приветствие',
        text: 'Здравствуйте, {{field.size | вы}}!',
        answers: [newAnswer('yes', { text: 'Да', to: 'order' }), newAnswer('no', { text: 'Нет', to: 'bye' })],
      }),
      newBlock('order', {
        title: 'Заказ',
        fields: [newField('size', { label: 'Размер' })],
        ways: [{ when: 'field.size == \'xl\' && field.size_2 != 1', to: 'bye' }],
        next: 'bye',
      }),
      newBlock('bye', { title: 'Конец', end: 'end' }),
      newBlock('who', { title: 'Кто мы', next: 'return' }),
    ],
    { hello: [0, 0], order: [400, 0], bye: [800, 0], who: [0, 400] },
  );
}
