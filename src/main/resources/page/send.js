// A form for any command, made from the schema. A trigger is checked by a dry run before it can be sent.

import { OPERATIONS, call, newCommandId } from './api.js';
import { h } from './dom.js';
import { button, field, notice } from './parts.js';
import { commandOf, commandSchema, controls, fieldsOf, verbsOf, waysOf } from './schema.js';
import { wordsOfEvent } from './words.js';

const FIRST = ['connection', 'command_id', 'cause'];
const POLLS = 60;
const BETWEEN_POLLS_MS = 500;

/** What a person has typed lasts as long as the page, also while they look at something else. */
const draft = { verb: 'trigger', way: 0, texts: new Map(), wrong: null, problem: null, checking: false, checked: null };

async function load(place, signal) {
  return commandSchema(signal);
}

function render(schema, place, hands) {
  if (!hands.can('sender')) {
    return notice('idle', 'Your key may look only.', 'To send commands it needs the role sender or operator.');
  }
  if (!draft.texts.has('command_id')) {
    draft.texts.set('command_id', newCommandId(draft.verb));
  }
  const ways = waysOf(schema, draft.verb);
  const further = fieldsOf(schema, draft.verb);
  const change = (name, text) => {
    draft.texts.set(name, text);
    Object.assign(draft, { checked: null, wrong: null, problem: null });
    hands.draw();
  };
  const show = (name) => controls(name, schema.properties[name], draft.texts, draft.wrong, change);
  return h('form', { class: 'command', novalidate: true, onsubmit: (event) => submit(event, schema, hands) },
    h('div', { class: 'choices' },
      radios('Verb', 'verb', verbsOf(schema).map((verb) => [verb, verb]), draft.verb, (verb) => {
        Object.assign(draft, { verb, way: 0, checked: null, wrong: null, problem: null });
        draft.texts.set('command_id', newCommandId(verb));
        hands.draw();
      }),
      ways.length > 1
        ? radios('About', 'way', ways.map(({ description }, index) => [String(index), description.replace(/\.$/, '')]), String(draft.way), (way) => {
          Object.assign(draft, { way: Number(way), checked: null, wrong: null, problem: null });
          hands.draw();
        })
        : null),
    h('p', { class: 'hint' }, schema.$defs[draft.verb].description.split('.')[0], '.'),
    ways[draft.way].required.map(show),
    FIRST.filter((name) => further.includes(name)).map(show),
    h('details', { key: `more-${draft.verb}` }, h('summary', null, 'More fields'), further.filter((name) => !FIRST.includes(name)).map(show)),
    draft.problem === null ? null : h('div', { role: 'alert' }, notice('bad', 'It was not sent.', draft.problem)),
    draft.checked === null ? null : notice(draft.checked.isGood ? 'good' : 'bad', draft.checked.title, draft.checked.message),
    h('div', { class: 'actions' }, draft.verb === 'trigger' && !draft.checked?.isGood
      ? h('button', { type: 'submit', class: 'primary', disabled: draft.checking }, draft.checking ? 'Checking …' : 'Check by a dry run')
      : h('button', { type: 'submit', class: 'primary' }, 'Send …'),
    button('Clear', () => {
      draft.texts.clear();
      Object.assign(draft, { checked: null, wrong: null, problem: null });
      hands.draw();
    })));
}

function radios(title, name, options, value, onChange) {
  return h('fieldset', { class: 'radios' }, h('legend', null, title), options.map(([option, text]) =>
    h('label', { key: option }, h('input', { type: 'radio', name, value: option, checked: option === value, onchange: () => onChange(option) }), ' ', text)));
}

function bodyOf(schema, further) {
  const names = [...waysOf(schema, draft.verb)[draft.way].required, ...fieldsOf(schema, draft.verb)];
  return commandOf(schema, draft.verb, names, draft.texts, further);
}

async function submit(event, schema, hands) {
  event.preventDefault();
  if (draft.checking) {
    return;
  }
  Object.assign(draft, { wrong: null, problem: null });
  try {
    if (draft.verb === 'trigger' && !draft.checked?.isGood) {
      await check(schema, hands);
    } else {
      hands.ask(sending(bodyOf(schema), hands));
    }
  } catch (problem) {
    refused(problem);
  }
  hands.draw();
}

/** The relay names the field that is wrong in front of its words. */
function refused(problem) {
  draft.problem = problem.message;
  draft.wrong = problem.parameter ?? /^([a-z_.]+):/.exec(problem.message)?.[1] ?? null;
}

async function check(schema, hands) {
  const id = newCommandId('check');
  const body = bodyOf(schema, { command_id: id, dry_run: true });
  Object.assign(draft, { checking: true, checked: null });
  hands.draw();
  try {
    await call(OPERATIONS.sendCommand, { body });
    draft.checked = await resultOf(id);
    hands.tell(draft.checked.title);
  } finally {
    draft.checking = false;
  }
}

/**
 * Polls until the dry run has ended. At first nobody knows it: it is on its way through the topic. As long as an instance is silent,
 * the others say so instead (503): it may have it.
 */
async function resultOf(id) {
  for (let poll = 0; poll < POLLS; poll += 1) {
    const command = await known(id);
    if (command?.outcome) {
      const last = command.events?.at(-1);
      const isGood = command.outcome === 'command.completed';
      return {
        isGood,
        title: isGood ? 'The check found no fault; nothing was started.' : `${wordsOfEvent(command.outcome)}: ${command.reason}.`,
        message: last?.message ?? '',
      };
    }
    await new Promise((resolve) => {
      setTimeout(resolve, BETWEEN_POLLS_MS);
    });
  }
  return { isGood: false, title: 'The check has not ended yet.', message: `Look at it later: ${id}.` };
}

async function known(id) {
  try {
    return await call(OPERATIONS.getCommand, { path: { command_id: id } });
  } catch (problem) {
    if (problem.status === 404 || problem.status === 503) {
      return null;
    }
    throw problem;
  }
}

function sending(body, hands) {
  const id = JSON.parse(body).command_id;
  return {
    title: `Send this ${draft.verb}?`,
    text: [
      h('p', null, {
        trigger: 'The relay starts a run of the job as soon as its turn has come.',
        retry: 'dbt Cloud resumes the run from the point of failure, as a new run.',
        cancel: 'The relay asks dbt Cloud to cancel the run; of a command without a run, none is started.',
        follow: 'The relay tells of the run from now on, and starts nothing.',
      }[draft.verb], id ? ' The same command_id sent twice is carried out once.' : ''),
      h('pre', null, body),
    ],
    action: `Send the ${draft.verb}`,
    run: async () => {
      const accepted = await call(OPERATIONS.sendCommand, { body });
      draft.texts.delete('command_id');
      draft.checked = null;
      hands.go(`#/commands/${encodeURIComponent(accepted.command_id)}`);
      return `${accepted.command_id} is on the commands topic.`;
    },
  };
}

export const send = { title: () => 'Send a command', load, render };
