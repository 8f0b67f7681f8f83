// Records that were no commands, and a second try for them.

import { OPERATIONS, call } from './api.js';
import { h } from './dom.js';
import { button, choice, field, nothing, notice, table } from './parts.js';
import { at, bytes } from './words.js';

const REASONS = ['malformed', 'too_large', 'expired', 'id_conflict', 'misplaced'];
const ROWS = 50;

/** Each view reads the topic. */
const EVERY_MS = 15_000;

async function load({ query }, signal) {
  return call(OPERATIONS.listDeadLetters, {
    signal, query: { reason: query.get('reason'), cursor: query.get('older'), limit: ROWS },
  });
}

function render({ data, next_cursor: next, note }, { query }, hands) {
  return [
    note ? notice('warn', 'Something is not known.', note) : null,
    h('div', { class: 'filters' },
      field('reason', 'Reason', choice('reason', query.get('reason') ?? '', [['', 'any'], ...REASONS.map((reason) => [reason, reason])],
        (value) => hands.query({ reason: value, older: null })))),
    data.length === 0
      ? nothing(query.get('reason') ? 'No dead letter has this reason.' : 'There is no dead letter.', next ? ' There may be older ones.' : '')
      : table('Dead letters, newest first', ['Place', 'Reason', 'Fault', ['Value', 'wide'], ['Time', 'time'], 'Replay'],
        data.map((letter) => ({ key: placeOf(letter), cells: row(letter, hands) }))),
    query.get('older') || next
      ? h('div', { class: 'pager' },
        query.get('older') ? button('Newest', () => hands.query({ older: null })) : null,
        next ? button('Older', () => hands.query({ older: next })) : null)
      : null,
  ];
}

function placeOf(letter) {
  return `${letter.partition}@${letter.offset}`;
}

function row(letter, hands) {
  return [
    [h('span', { class: 'id' }, placeOf(letter)), letter.key === null ? null : h('span', { class: 'sub' }, 'key ', h('span', { class: 'id' }, letter.key))],
    letter.reason ?? '',
    h('span', { class: 'message' }, letter.message ?? ''),
    value(letter),
    at(letter.time),
    letter.replayed_at !== null ? replayed(letter) : hands.can('operator') ? replayButton(letter, hands) : '',
  ];
}

function value(letter) {
  if (letter.missing !== null) {
    return h('span', { class: 'quiet' }, `${letter.missing} not kept: the topic refused it`);
  }
  if (letter.value === null) {
    return h('span', { class: 'quiet' }, letter.value_base64 === null ? 'none' : `${bytes(letter.value_size)}, no text`);
  }
  return h('details', null,
    h('summary', null, 'Show', h('span', { class: 'unseen' }, ` the value of ${placeOf(letter)}`)),
    h('pre', null, letter.value),
    letter.value_cut ? h('p', { class: 'hint' }, `The first bytes of ${bytes(letter.value_size)}.`) : null);
}

function replayed(letter) {
  return [
    'replayed', letter.replayed_by === null ? '' : ` by ${letter.replayed_by}`, letter.mended ? ', mended' : '', h('br'), at(letter.replayed_at),
    letter.replayed_as === null ? null : [' as ', h('a', { href: `#/commands/${encodeURIComponent(letter.replayed_as)}`, class: 'id' }, letter.replayed_as)],
  ];
}

function replayButton(letter, hands) {
  return button('Replay …', async () => {
    try {
      // Whole: a list has the first bytes only.
      hands.ask(replay(await call(OPERATIONS.getDeadLetter, { path: { partition: letter.partition, offset: letter.offset } })));
    } catch (problem) {
      hands.tell(problem.message);
    }
  }, { label: `Replay ${placeOf(letter)}` });
}

function replay(letter) {
  return {
    title: 'Replay this dead letter?',
    text: [
      h('p', null, 'The relay checks the record and writes it to the commands topic again, with the same key and without the headers of a dead letter. ',
        'It is sent once, however often it is asked for.'),
      letter.message === null ? null : notice('idle', `It was put aside as ${letter.reason}.`, letter.message),
    ],
    inputs: letter.value === null ? [] : [{ name: 'value', label: 'Value', hint: 'As it was, or mended.', value: letter.value, long: true }],
    action: 'Replay the record',
    run: async ({ value: typed }) => {
      const mended = typed !== undefined && lines(typed) !== lines(letter.value);
      const answer = await call(OPERATIONS.replayDeadLetter, {
        path: { partition: letter.partition, offset: letter.offset },
        ...(mended ? { body: typed } : {}),
      });
      return [
        answer.sent_now ? 'It is on the commands topic again, as ' : 'It was replayed before, as ',
        h('a', { href: `#/commands/${encodeURIComponent(answer.command_id)}` }, answer.command_id), '.',
      ];
    },
  };
}

/** A form changes the ends of lines. */
function lines(text) {
  return text.replace(/\r\n?/g, '\n');
}

export const deadLetters = { title: () => 'Dead letters', load, render, every: EVERY_MS };
