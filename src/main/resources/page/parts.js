// Parts that several views have.

import { h } from './dom.js';

/** What an answer may lack; it is never silently missing. */
export function incompleteNotice(incomplete) {
  return incomplete?.length > 0
    ? notice('warn', 'Something may be missing.', h('ul', null, incomplete.map((line) => h('li', null, line))))
    : null;
}

export function notice(tone, title, ...more) {
  return h('div', { class: `notice ${tone}` }, h('strong', null, title), ' ', ...more);
}

/** Nothing to show, in plain words. */
export function nothing(text, ...more) {
  return h('p', { class: 'nothing' }, text, ...more);
}

/**
 * A table.
 *
 * @param columns texts, or pairs of a text and a class
 * @param rows cells in the order of the columns, each row with `key`; the first cell is the head of its row
 */
export function table(caption, columns, rows) {
  const heads = columns.map((column) => (Array.isArray(column) ? column : [column, null]));
  return h(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: '0' },
    h(
      'table',
      null,
      h('caption', { class: 'unseen' }, caption),
      h('thead', null, h('tr', null, heads.map(([text, kind]) => h('th', { scope: 'col', class: kind }, text)))),
      h(
        'tbody',
        null,
        rows.map(({ key, cells, tone }) =>
          h('tr', { key, class: tone }, cells.map((cell, index) =>
            h(index === 0 ? 'th' : 'td', { scope: index === 0 ? 'row' : null, class: heads[index][1] }, cell)))),
      ),
    ),
  );
}

export function facts(pairs) {
  return h('dl', { class: 'facts' }, pairs
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))));
}

export function button(text, onclick, { kind = '', disabled = false, label } = {}) {
  return h('button', { type: 'button', class: kind || null, onclick, disabled, 'aria-label': label }, text);
}

export function field(id, label, control, hint) {
  return h('div', { class: 'field' }, h('label', { for: id }, label), control, hint ? h('p', { class: 'hint', id: `${id}-hint` }, hint) : null);
}

export function choice(id, value, options, onchange) {
  return h('select', { id, value, onchange: (event) => onchange(event.target.value) },
    options.map(([option, text]) => h('option', { value: option }, text)));
}
