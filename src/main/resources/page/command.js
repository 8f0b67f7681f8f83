// One command: where it stands, why it waits, why it failed, what has been told of it.

import { OPERATIONS, call, newCommandId } from './api.js';
import { resumeConnection, resumeJob, suspendJob } from './connections.js';
import { h } from './dom.js';
import { button, facts, notice, nothing, table } from './parts.js';
import { listen } from './stream.js';
import { at, bytes, chip, count, duration, external, stateChip, toneOfEvent, when, whyItWaits, wordsOfEnd, wordsOfEvent, wordsOfState } from './words.js';

async function load({ id }, signal) {
  return call(OPERATIONS.getCommand, { path: { command_id: id }, signal });
}

function render(command, place, hands) {
  const events = command.events ?? [];
  const newest = latest(events, 'status_code');
  return [
    h('p', { class: 'lead' }, stateChip(command), ' ', whyItWaits(command) ?? wordsOfEnd(command) ?? wordsOfState(command.state)),
    actions(command, events, hands),
    h('section', { 'aria-label': 'Facts' }, facts([
      ['Verb', command.command ?? latest(events, 'command')?.command],
      ['Job', job(command, events)],
      ['Run', run(command, newest)],
      ['Connection', command.connection ?? events[0]?.connection],
      ['Origin', command.origin === 'observed' ? 'a run that no command has started' : null],
      ['Accepted', h('span', null, at(command.accepted_at), ' (', when(command.accepted_at), ')')],
      ['Deadline', command.deadline === null ? null : h('span', null, at(command.deadline), ' (', when(command.deadline), ')')],
      ['Attempt', command.attempt || null],
      ['Run of', led(command, events)],
      ['Run for', followers(command, events)],
      ['Cause', latest(events, 'cause')?.cause],
      ['Partition', command.partition],
    ])),
    command.outcome === 'run.succeeded' ? null : whyItFailed(command, events),
    timeline(command, events),
  ];
}

function latest(events, field) {
  return events.findLast((event) => event[field] !== null && event[field] !== undefined);
}

function job(command, events) {
  const id = command.job_id ?? latest(events, 'job_id')?.job_id;
  const name = command.job_name ?? latest(events, 'job_name')?.job_name;
  return id === null || id === undefined ? null : name ? `${name} · ${id}` : String(id);
}

/** The command that starts its run, or has started it; null: it does so itself. */
function led(command, events) {
  const leader = command.coalesced_into ?? latest(events, 'coalesced_into')?.coalesced_into;
  return leader ? h('a', { href: `#/commands/${encodeURIComponent(leader)}` }, leader) : null;
}

function followers(command, events) {
  const others = command.coalesced ?? latest(events, 'coalesced')?.coalesced;
  return others ? `${count(others, 'other command')}, too` : null;
}

function run(command, newest) {
  const id = command.run_id ?? newest?.run_id;
  if (id === null || id === undefined) {
    return null;
  }
  const status = command.run_status ?? newest?.status;
  return h('span', null, external(command.run_url ?? newest?.run_url, String(id)), status ? ` · ${status}` : null,
    newest?.run_seconds ? ` · ran ${duration(newest.run_seconds)}` : null);
}

/** Events that tell why a run failed, if anybody knows. */
const EXPLAINING = new Set(['run.failed', 'run.attempt_failed', 'run.failure_explained']);

function whyItFailed(command, events) {
  const failure = events.findLast((event) => event.failure);
  if (failure !== undefined) {
    return failed(failure);
  }
  const forgotten = told(command, events).findLast(({ type, isWhole }) => EXPLAINING.has(type) && isWhole === false);
  return forgotten === undefined ? null : failedEarlier(forgotten);
}

/** After a restart or a takeover the ledger has the time of the event, and only its topic has the event. */
function failedEarlier({ sequence, type, observed_at }) {
  return h('section', { 'aria-labelledby': 'why', class: 'failure', key: 'why' },
    h('h2', { id: 'why' }, 'Why it failed'),
    h('p', null, `Event ${sequence} (`, h('code', null, type), ') on the topic of run events told it, ', at(observed_at),
      '. This instance has taken the command over since, or has started anew, and no longer has the event.'));
}

/** Why the run failed. All of it is a log of somebody else: it is shown as text. */
function failed({ failure, observed_at, run_id }) {
  const { step, nodes = [], log_tail: log } = failure;
  return h('section', { 'aria-labelledby': 'why', class: 'failure', key: 'why' },
    h('h2', { id: 'why' }, 'Why it failed'),
    h('p', null, step
      ? ['Step ', step.index, ', ', h('strong', null, step.name), step.dbt_command ? [' (', h('code', null, step.dbt_command), ')'] : null]
      : 'dbt Cloud names no step that failed', ', in run ', String(run_id), ', told ', at(observed_at), '.'),
    nodes.length === 0 ? null : table('Nodes that failed', ['Node', 'Status', 'Message', ['Compiled code', 'wide']],
      nodes.map((node) => ({
        key: node.unique_id,
        cells: [h('code', null, node.unique_id), chip(node.status, 'bad'), h('span', { class: 'message' }, node.message ?? ''), node.compiled_path ?? ''],
      }))),
    log ? [h('h3', null, 'The end of the step’s log'), h('pre', { tabindex: '0', role: 'region', 'aria-label': 'The end of the log' }, log)] : null);
}

/** What was told, and when: the ledger remembers that of all events, the process their content only of the newest. */
function told(command, events) {
  const whole = new Map(events.map((event) => [event.sequence, event]));
  const known = (command.timeline ?? []).map(({ sequence, type, at: observed }) =>
    whole.get(sequence) ?? { sequence, type, observed_at: observed, isWhole: false });
  const sequences = new Set(known.map(({ sequence }) => sequence));
  return [...known, ...events.filter(({ sequence }) => !sequences.has(sequence))].sort((one, other) => one.sequence - other.sequence);
}

function timeline(command, events) {
  const all = told(command, events);
  const missing = command.events_told - all.length;
  return h('section', { 'aria-labelledby': 'timeline', key: 'timeline' },
    h('h2', { id: 'timeline' }, 'Timeline'),
    missing > 0 ? nothing(`${count(missing, 'earlier event')} ${missing === 1 ? 'is' : 'are'} on the topics and no longer known to the relay.`) : null,
    h('ol', { class: 'timeline' }, all.map((event) =>
      h('li', { key: event.sequence, class: toneOfEvent(event.type) },
        h('div', { class: 'what' }, h('strong', null, wordsOfEvent(event.type)), ' ', details(event)),
        h('div', { class: 'at' }, at(event.observed_at)),
        event.isWhole === false ? null : h('details', null, h('summary', null, `Event ${event.sequence}`, h('span', { class: 'unseen' }, `, ${event.type}: all fields`)),
          h('pre', null, JSON.stringify(event, null, 2)))))));
}

function details(event) {
  const parts = [];
  if (event.attempt > 1) {
    parts.push(`run ${event.attempt} of the command`);
  }
  if (event.reason) {
    parts.push(event.reason);
  }
  if (event.failure?.step) {
    parts.push(`step ${event.failure.step.index}: ${event.failure.step.name}`);
  }
  if (event.retry_reason) {
    parts.push(`because of ${event.retry_reason.kind}`);
  }
  if (event.will_retry_at) {
    parts.push(['next run ', when(event.will_retry_at)]);
  }
  if (event.path) {
    parts.push([h('code', null, event.path), event.size_bytes === undefined || event.size_bytes === null ? null : `, ${bytes(event.size_bytes)}`]);
  }
  if (event.blocked_by?.length > 0) {
    parts.push(`waits for run ${event.blocked_by.join(', ')}`);
  }
  if (event.run_seconds) {
    parts.push(`ran ${duration(event.run_seconds)}`);
  }
  if (event.message) {
    parts.push(event.message);
  }
  return parts.map((part, index) => [index === 0 ? '' : ' · ', part]);
}

function actions(command, events, hands) {
  const id = command.command_id;
  const ended = command.state === 'finished';
  const verb = command.command ?? latest(events, 'command')?.command;
  const buttons = [];
  if (!ended && !['cancelling', 'collecting'].includes(command.state) && verb !== 'cancel' && hands.can('sender')) {
    buttons.push(button('Cancel …', () => hands.ask(cancel(id, command)), { kind: 'danger' }));
  }
  if (ended && command.outcome === 'run.failed' && hands.can('sender')) {
    buttons.push(button('Retry …', () => hands.ask(retry(id, latest(events, 'can_retry'))), { kind: 'primary' }));
  }
  if (!ended && command.job_id !== null && command.connection !== null && hands.can('operator')) {
    buttons.push(switchOf(command, hands));
  }
  if (!ended && hands.can('operator')) {
    buttons.push(button('End …', () => hands.ask(end(id, command))));
  }
  return buttons.length === 0 ? null : h('div', { class: 'actions' }, buttons);
}

/** What a person would do next: end the suspension for which the command waits, else suspend its job. */
function switchOf({ connection, job_id: job, suspended_scope: scope }, hands) {
  switch (scope) {
    case 'job':
      return button('Resume the job …', () => hands.ask(resumeJob(connection, job)));
    case 'connection':
      return button('Resume the connection …', () => hands.ask(resumeConnection(connection)));
    default:
      return button('Suspend the job …', () => hands.ask(suspendJob(connection, job)));
  }
}

async function sent(body) {
  await call(OPERATIONS.sendCommand, { body: JSON.stringify(body) });
  return ['Sent as ', h('a', { href: `#/commands/${encodeURIComponent(body.command_id)}` }, body.command_id), '.'];
}

function cancel(id, command) {
  return {
    title: 'Cancel this command?',
    text: h('p', null, 'The relay sends a cancel for ', h('code', null, id), command.run_id === null
      ? '. It has no run yet, so none will be started.'
      : `. It asks dbt Cloud to cancel run ${command.run_id}, and the command ends when dbt Cloud says that the run has.`),
    action: 'Cancel the command',
    kind: 'danger',
    run: () => sent({ command: 'cancel', command_id: newCommandId('cancel'), target_command_id: id }),
  };
}

function retry(id, last) {
  return {
    title: 'Retry the run?',
    text: [
      h('p', null, 'The relay sends a retry of the run of ', h('code', null, id), '. dbt Cloud resumes it from the point of failure, as a new run.'),
      last?.can_retry === false ? notice('warn', 'dbt Cloud says that it cannot resume this run.', 'The retry will most likely be rejected; send a trigger instead.') : null,
    ],
    action: 'Retry from the failure',
    run: () => sent({ command: 'retry', command_id: newCommandId('retry'), target_command_id: id }),
  };
}

function end(id, command) {
  return {
    title: 'End this command without its run?',
    text: h('p', null, 'The last resort for a command that does not end. ', h('code', null, id), ' ends as run.abandoned with the reason operator. ',
      command.run_id === null
        ? 'If a start of it is in doubt, a run may go on in dbt Cloud: check there.'
        : `Run ${command.run_id} goes on in dbt Cloud. To stop the run, cancel the command instead.`),
    action: 'End the command',
    kind: 'danger',
    run: async () => {
      await call(OPERATIONS.endCommand, { path: { command_id: id } });
      return `${id} is being ended.`;
    },
  };
}

/** The relay tells of each event of it, as long as it has not ended. */
const news = {
  isOver: (known) => known.state === 'finished',
  listen: (known, ears, signal) => listen(known.command_id, known.events_told > 0 ? known.events_told - 1 : null, ears, signal),
};

export const command = { title: ({ id }) => id ?? 'Command', load, render, news };
