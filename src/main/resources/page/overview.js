// What runs, what waits, what has failed, in the whole deployment.

import { OPERATIONS, call, callIfThere } from './api.js';
import { activityCharts } from './charts.js';
import { h } from './dom.js';
import { button, choice, field, incompleteNotice, notice, nothing, table } from './parts.js';
import { ENDS, LIVE_STATES, at, external, stateChip, waitInShort, when } from './words.js';

const ROWS = 100;
const PERIODS = [['1', 'the last hour'], ['24', 'the last 24 hours'], ['168', 'the last 7 days']];

async function load({ query }, signal) {
  const filters = { job_id: query.get('job_id'), connection: query.get('connection'), origin: query.get('origin') };
  const hours = Number(query.get('hours') ?? 24);
  const outcome = query.get('outcome') ?? 'run.failed';
  const [live, ended, activity, connections] = await Promise.all([
    call(OPERATIONS.listCommands, {
      signal, query: { ...filters, state: query.get('state'), limit: ROWS, cursor: query.get('live') },
    }),
    call(OPERATIONS.listCommands, {
      signal,
      query: {
        ...filters,
        ...(outcome === 'all' ? { state: 'finished' } : { outcome }),
        since: new Date(Date.now() - hours * 3_600_000).toISOString(),
        limit: ROWS,
        cursor: query.get('ended'),
      },
    }),
    callIfThere(OPERATIONS.getActivity, { signal }, null),
    callIfThere(OPERATIONS.listConnections, { signal }, []),
  ]);
  return { live, ended, activity, connections };
}

function render({ live, ended, activity, connections }, { query }, hands) {
  const incomplete = [...new Set([...live.incomplete, ...ended.incomplete, ...(activity?.incomplete ?? [])])];
  return [
    incompleteNotice(incomplete),
    connections.filter((one) => one.suspended_since !== null).map((one) =>
      notice('warn', `${one.name} is suspended.`, `${one.suspended_by ?? 'Somebody'} did so `, when(one.suspended_since),
        one.suspended_reason ? `: ${one.suspended_reason}. ` : '. ', 'Nothing is started over it. ', h('a', { href: '#/connections' }, 'Connections'))),
    activity === null ? null : h('section', { 'aria-label': 'The last hour', key: 'activity' }, activityCharts(activity)),
    h('section', { 'aria-labelledby': 'live', key: 'live' },
      h('div', { class: 'bar' }, h('h2', { id: 'live' }, 'Not ended'), tally(live)),
      filters(query, connections, hands),
      live.data.length === 0
        ? nothing(isFiltered(query) ? 'No unfinished command matches.' : 'No command is waiting or running.')
        : liveTable(live.data),
      pager('live', live, query, hands)),
    h('section', { 'aria-labelledby': 'ended', key: 'ended' },
      h('div', { class: 'bar' }, h('h2', { id: 'ended' }, 'Ended')),
      h('div', { class: 'filters' },
        field('outcome', 'Outcome', choice('outcome', query.get('outcome') ?? 'run.failed', [['all', 'any'], ...ENDS],
          (value) => hands.query({ outcome: value, ended: null }))),
        field('hours', 'Accepted in', choice('hours', query.get('hours') ?? '24', PERIODS, (value) => hands.query({ hours: value, ended: null })))),
      ended.data.length === 0 ? nothing('No command of this time has ended so.') : endedTable(ended.data),
      pager('ended', ended, query, hands)),
  ];
}

/** How many are in which state, of those on this page. */
function tally({ data, next_cursor }) {
  const byState = new Map();
  data.forEach((command) => byState.set(command.state, [...(byState.get(command.state) ?? []), command]));
  return h('p', { class: 'tally' },
    [...byState.values()].map((commands) => h('span', null, h('b', null, commands.length), ' ', stateChip(commands[0]))),
    next_cursor === null ? null : h('span', { class: 'quiet' }, `of the ${data.length} shown`));
}

function isFiltered(query) {
  return ['job_id', 'connection', 'state', 'origin', 'live'].some((name) => query.get(name));
}

function filters(query, connections, hands) {
  const filter = (name) => (value) => hands.query({ [name]: value, live: null, ended: null });
  return h('div', { class: 'filters' },
    field('state', 'State', choice('state', query.get('state') ?? '', [['', 'any'], ...LIVE_STATES], filter('state'))),
    field('job', 'Job id', h('input', {
      id: 'job', inputmode: 'numeric', size: '16', value: query.get('job_id') ?? '', autocomplete: 'off',
      onchange: (event) => filter('job_id')(event.target.value.trim()),
    })),
    field('connection', 'Connection', choice('connection', query.get('connection') ?? '',
      [['', 'any'], ...connections.map(({ name }) => [name, name])], filter('connection'))),
    field('origin', 'Origin', choice('origin', query.get('origin') ?? '',
      [['', 'any'], ['command', 'commands'], ['observed', 'observed runs']], filter('origin'))),
    isFiltered(query) ? button('Clear', () => hands.query({ state: null, job_id: null, connection: null, origin: null, live: null, ended: null })) : null);
}

function liveTable(commands) {
  return table('Commands that have not ended', ['Command', 'State', ['Run', 'wide'], ['Connection', 'wide'], ['Accepted', 'time']],
    commands.map((command) => ({
      key: command.command_id,
      cells: [
        named(command),
        [stateChip(command), command.waits_for === null ? null : h('span', { class: 'sub' }, waitInShort(command))],
        command.run_id === null ? '' : external(command.run_url, String(command.run_id)),
        command.connection ?? '',
        when(command.accepted_at),
      ],
    })));
}

function endedTable(commands) {
  return table('Commands that have ended', ['Command', 'Outcome', ['Run', 'wide'], ['Reason', 'wide'], ['Accepted', 'time']],
    commands.map((command) => ({
      key: command.command_id,
      cells: [
        named(command),
        stateChip(command),
        command.run_id === null ? '' : String(command.run_id),
        command.reason ?? '',
        at(command.accepted_at),
      ],
    })));
}

function named(command) {
  const job = [command.job_name, command.job_id].filter((part) => part !== null && part !== undefined).join(' · ');
  const verb = command.command !== null && command.command !== 'trigger' ? `${command.command} · ` : '';
  return [
    h('a', { href: `#/commands/${encodeURIComponent(command.command_id)}`, class: 'id' }, command.command_id),
    verb || job ? h('span', { class: 'sub' }, verb, job) : null,
  ];
}

function pager(name, { next_cursor }, query, hands) {
  return query.get(name) || next_cursor !== null
    ? h('div', { class: 'pager' },
      query.get(name) ? button('Newest', () => hands.query({ [name]: null })) : null,
      next_cursor === null ? null : button('Older', () => hands.query({ [name]: next_cursor })))
    : null;
}

export const overview = { title: () => 'Overview', load, render };
