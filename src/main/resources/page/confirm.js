// Asks before something is done, and says what it will do.

import { h } from './dom.js';
import { button, field, notice } from './parts.js';

/**
 * A dialog.
 *
 * @param question `title`; `text`, what will happen; `action`, the word on the button; `kind` of the button; `inputs` with `name`,
 *     `label`, `hint` and `most` characters; `run`, which does it with what was typed and gives what to tell
 * @param close takes it away
 */
export function confirmation(question, hands, close) {
  return h('dialog', {
    key: 'confirmation', 'aria-labelledby': 'question', 'aria-describedby': 'consequence',
    mounted: (dialog) => dialog.showModal(), onclose: close,
  },
  h('form', { onsubmit: (event) => run(event, question, hands) },
    h('h2', { id: 'question' }, question.title),
    h('div', { id: 'consequence' }, question.text),
    (question.inputs ?? []).map((input) => field(`ask-${input.name}`, input.label,
      h(input.long ? 'textarea' : 'input', {
        id: `ask-${input.name}`, name: input.name, maxlength: input.most, autocomplete: 'off', value: input.value,
        rows: input.long ? '8' : null, spellcheck: input.long ? 'false' : null,
        'aria-describedby': input.hint ? `ask-${input.name}-hint` : null,
      }), input.hint)),
    question.problem === null ? null : h('div', { role: 'alert' }, notice('bad', 'It was not done.', question.problem)),
    h('div', { class: 'actions' },
      // First, so that it has the focus where nothing is to be typed.
      button('Leave it', (event) => event.target.closest('dialog').close()),
      h('button', { type: 'submit', class: question.kind ?? 'primary', disabled: question.busy }, question.action))));
}

async function run(event, question, hands) {
  event.preventDefault();
  const form = event.target;
  Object.assign(question, { busy: true, problem: null });
  hands.draw();
  try {
    const told = await question.run(Object.fromEntries(new FormData(form)));
    form.closest('dialog').close();
    hands.tell(told);
    hands.refresh();
  } catch (problem) {
    Object.assign(question, { busy: false, problem: problem.message });
    hands.draw();
  }
}
