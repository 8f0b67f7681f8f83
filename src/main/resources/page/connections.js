// The connections to dbt Cloud: budget, cool-down, the kill switch, a test.

import { OPERATIONS, call, callIfThere } from './api.js';
import { h } from './dom.js';
import { button, facts, incompleteNotice, notice, nothing, table } from './parts.js';
import { at, chip, count, when } from './words.js';

/** The results of tests, by connection; they last as long as the page. */
const tests = new Map();

async function load(place, signal) {
  const [connections, instances] = await Promise.all([
    call(OPERATIONS.listConnections, { signal }),
    callIfThere(OPERATIONS.listInstances, { signal }, null),
  ]);
  return { connections, instances };
}

function render({ connections, instances }, place, hands) {
  return [
    incompleteNotice(instances?.incomplete),
    connections.length === 0 ? nothing('No connection is configured.') : connections.map((connection) => card(connection, instances, hands)),
  ];
}

function card(connection, instances, hands) {
  const { name } = connection;
  const suspended = connection.suspended_since !== null;
  const cooling = connection.cooling_down_until !== null;
  const test = tests.get(name);
  return h('section', { class: 'card', 'aria-labelledby': `connection-${name}`, key: name },
    h('div', { class: 'bar' },
      h('h2', { id: `connection-${name}` }, name),
      suspended ? chip('suspended', 'warn')
        : connection.refused.length > 0 ? chip('refused', 'bad')
          : cooling ? chip('cooling down', 'warn') : chip('open', 'good'),
      h('div', { class: 'actions' },
        button(test === null ? 'Testing …' : 'Test', () => tryOut(name, hands), { disabled: test === null, label: `Test the connection ${name}` }),
        hands.can('operator')
          ? button('Suspend a job …', () => hands.ask(suspendJob(name, null)), { label: `Suspend a job of ${name}` })
          : null,
        hands.can('operator')
          ? suspended
            ? button('Resume …', () => hands.ask(resumeConnection(name)), { kind: 'primary', label: `Resume the connection ${name}` })
            : button('Suspend …', () => hands.ask(suspend(name)), { kind: 'danger', label: `Suspend the connection ${name}` })
          : null)),
    suspended
      ? notice('warn', `Suspended by ${connection.suspended_by ?? 'somebody without a key'}`, at(connection.suspended_since), ' (', when(connection.suspended_since), ')',
        connection.suspended_reason ? `: ${connection.suspended_reason}` : '', '. Nothing is started; runs in flight are followed.',
        connection.note ? h('p', null, connection.note) : null)
      : null,
    connection.refused.map((refused) =>
      notice('bad', `dbt Cloud refuses account ${refused.account_id}`, ' since ', at(refused.since), '. ', refused.detail)),
    cooling ? notice('warn', 'dbt Cloud limits the account.', 'No request until ', at(connection.cooling_down_until), ' (', when(connection.cooling_down_until), ').') : null,
    test ? notice(test.ok ? 'good' : 'bad', test.ok ? 'The test went well.' : 'The test found a fault.', test.message,
      test.suspects?.length > 0 ? ` Suspects: ${test.suspects.join(', ')}.` : '') : null,
    facts([['Host', connection.host], ['Account', String(connection.account_id)]]),
    budget(name, instances),
    suspendedJobs(connection, hands));
}

/** The request budget of all instances together: each has its part of it. */
function budget(name, instances) {
  const parts = (instances?.data ?? []).flatMap((instance) => instance.connections).filter((part) => part.name === name);
  if (parts.length === 0) {
    return null;
  }
  const sum = (field) => parts.reduce((total, part) => total + part[field], 0);
  const most = sum('requests_per_minute');
  const used = sum('requests_used');
  const left = Math.max(0, most - used);
  const share = most === 0 ? 0 : Math.min(1, used / most);
  const words = `${used.toLocaleString('en')} of ${most.toLocaleString('en')} requests used in the last minute, ${left.toLocaleString('en')} left`;
  return h('div', { class: 'budget' },
    h('div', null, words, sum('requests_waiting') > 0 ? `; ${count(sum('requests_waiting'), 'request')} waiting` : ''),
    h('svg', { viewBox: '0 0 100 4', preserveAspectRatio: 'none', role: 'img', 'aria-label': words },
      h('rect', { class: 'track', x: 0, y: 0, width: 100, height: 4 }),
      h('rect', { class: share > 0.9 ? 'bad' : share > 0.7 ? 'warn' : 'good', x: 0, y: 0, width: share * 100, height: 4 })));
}

function suspendedJobs({ name, suspended_jobs: jobs = [] }, hands) {
  return jobs.length === 0 ? null : table(`Suspended jobs of ${name}`, ['Suspended job', 'By', 'Reason', ['Since', 'time'], 'Action'], jobs.map((job) => ({
    key: job.job_id,
    cells: [
      String(job.job_id),
      job.by ?? '',
      job.reason ?? '',
      when(job.since),
      hands.can('operator')
        ? button('Resume …', () => hands.ask(resumeJob(name, job.job_id)), { label: `Resume job ${job.job_id}` })
        : '',
    ],
  })));
}

async function tryOut(name, hands) {
  tests.set(name, null);
  hands.draw();
  try {
    tests.set(name, await call(OPERATIONS.testConnection, { path: { connection: name } }));
  } catch (problem) {
    tests.set(name, { ok: false, message: problem.message });
  }
  hands.draw();
  hands.tell(tests.get(name).ok ? `The test of ${name} went well.` : `The test of ${name} found a fault.`);
}

function suspend(name) {
  return {
    title: `Suspend ${name}?`,
    text: h('p', null, 'From now on no instance starts or retries a run over this connection, also after a restart, until somebody resumes it. ',
      'Waiting commands wait. Runs in flight go on, and the relay follows them.'),
    inputs: [{ name: 'reason', label: 'Reason, for those who meet it', hint: 'Optional. Everybody who looks at the connection sees it.', most: 200 }],
    action: 'Suspend the connection',
    kind: 'danger',
    run: async ({ reason }) => {
      await call(OPERATIONS.suspendConnection, { path: { connection: name }, query: { reason: reason.trim() } });
      return `${name} is suspended.`;
    },
  };
}

/** Ends the suspension of a connection. */
export function resumeConnection(name) {
  return {
    title: `Resume ${name}?`,
    text: h('p', null, 'Commands that wait for this connection start again, on all instances, within a second.'),
    action: 'Resume the connection',
    run: async () => {
      await call(OPERATIONS.resumeConnection, { path: { connection: name } });
      return `${name} goes on.`;
    },
  };
}

/** The same for one job; `job` null: the person names it. */
export function suspendJob(name, job) {
  return {
    title: job === null ? `Suspend a job of ${name}?` : `Suspend job ${job}?`,
    text: h('p', null, 'From now on no instance starts or retries a run of this job, also after a restart, until somebody resumes it. ',
      'Its commands wait and hold up no others. Runs in flight go on. dbt Cloud’s own schedule goes on, too.'),
    inputs: [
      ...(job === null ? [{ name: 'job', label: 'Job id', hint: 'By dbt Cloud’s id.', most: 19 }] : []),
      { name: 'reason', label: 'Reason, for those who meet it', hint: 'Optional. Everybody who looks at the connection sees it.', most: 200 },
    ],
    action: 'Suspend the job',
    kind: 'danger',
    run: async ({ job: typed, reason }) => {
      const id = job ?? typed.trim();
      await call(OPERATIONS.suspendJob, { path: { connection: name, job_id: id }, query: { reason: reason.trim() } });
      return `Job ${id} is suspended.`;
    },
  };
}

export function resumeJob(name, job) {
  return {
    title: `Resume job ${job}?`,
    text: h('p', null, `Its commands start again, on all instances, within a second, unless ${name} is suspended, too.`),
    action: 'Resume the job',
    run: async () => {
      await call(OPERATIONS.resumeJob, { path: { connection: name, job_id: job } });
      return `Job ${job} goes on.`;
    },
  };
}

export const connections = { title: () => 'Connections', load, render };
