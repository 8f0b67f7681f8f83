// The words for what the API tells: states, waits, outcomes, times.

import { h } from './dom.js';

const STATES = {
  waiting: ['waiting', 'idle', 'The command is accepted and no request is on its way.'],
  starting: ['starting', 'busy', 'The request that starts its run is on its way.'],
  looking: ['looking', 'warn', 'The answer to its start was lost. The relay searches for the run before it starts another.'],
  following: ['running', 'busy', 'The run is known, and the relay tells of each change.'],
  cancelling: ['cancelling', 'warn', 'The relay has asked dbt Cloud to cancel the run and waits for its end.'],
  judging: ['judging', 'warn', 'The run has failed. Its cause decides whether there is another one.'],
  retrying: ['retrying', 'warn', 'A run has failed. There will be another one after a pause.'],
  joined: ['joined', 'idle', 'Another command starts the run that it wants, too. It gets all events of that run and an outcome of its own.'],
  collecting: ['collecting', 'busy', 'The run has ended. Artifacts or details of its failure are still to come.'],
  finished: ['finished', 'idle', 'The command has ended.'],
};

/** The last word is said where a command is looked at. */
const OUTCOMES = {
  'run.succeeded': ['succeeded', 'good', 'Its run has succeeded'],
  'run.failed': ['failed', 'bad', 'Its run has failed'],
  'run.cancelled': ['cancelled', 'warn', 'It was cancelled'],
  'run.abandoned': ['abandoned', 'bad', 'The relay has given it up; a run may go on in dbt Cloud'],
  'command.completed': ['completed', 'good', 'It is done'],
  'command.rejected': ['rejected', 'bad', 'The relay does not carry it out'],
};

/** The outcomes that a list can be asked for, with their words. */
export const ENDS = Object.entries(OUTCOMES).map(([outcome, [word]]) => [outcome, word]);

/** The states that a list can be asked for, with their words. */
export const LIVE_STATES = Object.entries(STATES)
  .filter(([state]) => state !== 'finished')
  .map(([state, [word]]) => [state, word]);

const EVENTS = {
  'command.accepted': 'Accepted',
  'command.rejected': 'Rejected',
  'command.completed': 'Completed',
  'run.queued': 'Run queued in dbt Cloud',
  'run.starting': 'Run is starting',
  'run.running': 'Run is running',
  'run.succeeded': 'Run succeeded',
  'run.failed': 'Run failed',
  'run.cancelled': 'Run was cancelled',
  'run.attempt_failed': 'Run failed, another one follows',
  'run.failure_explained': 'Failure explained',
  'run.abandoned': 'Given up',
  'run.stray': 'Stray run found',
  'artifact.ready': 'Artifact is ready',
  'artifact.unavailable': 'Artifact is not available',
};

export function wordsOfEvent(type) {
  return EVENTS[type] ?? type;
}

export function toneOfEvent(type) {
  return OUTCOMES[type]?.[1] ?? ({ 'run.attempt_failed': 'bad', 'run.stray': 'warn', 'artifact.unavailable': 'warn' }[type] ?? 'idle');
}

/** How a command has ended, in a sentence; null if it has not. */
export function wordsOfEnd(command) {
  const end = OUTCOMES[command.outcome];
  return end === undefined ? null : `${end[2]}${command.reason === null ? '' : `: ${command.reason}`}.`;
}

export function wordsOfState(state) {
  return STATES[state]?.[2] ?? '';
}

/** A coloured word, which says the same without its colour. */
export function chip(word, tone, title) {
  return h('span', { class: `chip ${tone}`, title }, word);
}

/** Where a command stands, in a word. */
export function stateChip(command) {
  const ended = OUTCOMES[command.outcome];
  if (ended !== undefined && command.state === 'finished') {
    return chip(ended[0], ended[1], command.outcome);
  }
  const [word, tone, title] = STATES[command.state] ?? [command.state, 'idle'];
  return chip(word, tone, title);
}

/** Why a command waits, in a sentence for people; null if it does not. */
export function whyItWaits(command) {
  switch (command.waits_for) {
    case 'turn':
      return `${count(command.ahead ?? 1, 'earlier command')} of its job ${command.ahead > 1 ? 'come' : 'comes'} first.`;
    case 'slot':
      return 'As many runs are in flight as relay.policy allows. It starts when one of them has ended.';
    case 'next_try':
      return ['Something failed a moment ago. The next try is ', when(command.not_before), '.'];
    case 'target':
      return 'It waits for the command that it is about to end.';
    case 'pause':
      return ['A run has failed. The next one starts ', when(command.not_before), '.'];
    case 'suspended':
      return [
        `Somebody has suspended its ${command.suspended_scope ?? 'job or its connection'}`,
        command.suspended_by || command.suspended_reason
          ? ` (${[command.suspended_by, command.suspended_reason].filter(Boolean).join(': ')})`
          : null,
        '. It starts when somebody resumes that.',
      ];
    case 'window':
      return [
        'It waits for others that want the same run',
        command.coalesced ? `, with ${count(command.coalesced, 'other')} so far` : null,
        command.not_before === null ? null : ['; its window closes ', when(command.not_before)],
        '.',
      ];
    case 'leader':
      return [
        'Another command starts its run, too',
        command.not_before === null ? null : ['; the window closes ', when(command.not_before)],
        '.',
      ];
    case 'min_interval':
      return ['Its job was started a moment ago. The next start is ', when(command.not_before), ' at the earliest.'];
    case 'dbt_cloud':
      return 'It waits for an answer of dbt Cloud, or for room in the request budget.';
    default:
      return null;
  }
}

/** The same in a few words, for a table. */
export function waitInShort(command) {
  switch (command.waits_for) {
    case 'turn':
      return `for its turn, ${command.ahead ?? 1} ahead`;
    case 'slot':
      return 'for a free slot';
    case 'next_try':
      return ['next try ', when(command.not_before)];
    case 'target':
      return 'for its target';
    case 'pause':
      return ['next run ', when(command.not_before)];
    case 'suspended':
      return 'suspended';
    case 'window':
      return ['for others, until ', when(command.not_before)];
    case 'leader':
      return 'for the command that leads';
    case 'min_interval':
      return ['next start ', when(command.not_before)];
    case 'dbt_cloud':
      return 'for dbt Cloud';
    default:
      return null;
  }
}

const ABSOLUTE = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
});
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** How far away a moment is, with the moment itself, in the local zone, on hover. */
export function when(text) {
  const time = new Date(text ?? NaN);
  if (Number.isNaN(time.getTime())) {
    return '–';
  }
  return h('time', { datetime: text, title: ABSOLUTE.format(time) }, relative(time));
}

/** A moment of today as its time, an earlier one with its day; on hover the whole. */
export function at(text) {
  const time = new Date(text ?? NaN);
  if (Number.isNaN(time.getTime())) {
    return '–';
  }
  const day = time.toDateString() === new Date().toDateString() ? '' : `${DAY.format(time)}, `;
  return h('time', { datetime: text, title: ABSOLUTE.format(time) }, day + CLOCK.format(time));
}

function relative(time) {
  const seconds = Math.round((time.getTime() - Date.now()) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) {
    return 'now';
  }
  const length = size < 90
    ? `${size} s`
    : size < 90 * 60
      ? `${Math.round(size / 60)} min`
      : size < 36 * 3600
        ? `${Math.round(size / 3600)} h`
        : `${Math.round(size / 86400)} days`;
  return seconds < 0 ? `${length} ago` : `in ${length}`;
}

/** A length of time. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) {
    return '–';
  }
  if (seconds < 10) {
    return `${Math.round(seconds * 10) / 10} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 90) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  return minutes < 90 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(size) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let number = size ?? 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? number : number.toFixed(1)} ${units[unit]}`;
}

/** A number with its noun: 1 run, 2 runs. */
export function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** A link to dbt Cloud. An address that is no web address, from whatever event it came, is shown and not linked. */
export function external(url, text) {
  let known;
  try {
    known = ['https:', 'http:'].includes(new URL(url).protocol);
  } catch {
    known = false;
  }
  return known
    ? h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text, h('span', { class: 'unseen' }, ' (in dbt Cloud, new tab)'))
    : h('span', null, text);
}
