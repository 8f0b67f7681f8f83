// The relay's HTTP API, and the key that opens it. The key stays in this tab: no cookie, nothing that a browser sends by itself.

const KEY = 'relay.key';

/** A relay that hangs is one that does not answer. */
const PATIENCE_MS = 10_000;

/** All that the page asks for. A test compares the list with docs/openapi.yaml. */
export const OPERATIONS = {
  me: 'GET /api/me',
  listCommands: 'GET /api/commands',
  sendCommand: 'POST /api/commands',
  getCommand: 'GET /api/commands/{command_id}',
  streamCommandEvents: 'GET /api/commands/{command_id}/events',
  endCommand: 'POST /api/commands/{command_id}/end',
  listConnections: 'GET /api/connections',
  testConnection: 'GET /api/connections/{connection}/test',
  suspendConnection: 'POST /api/connections/{connection}/suspend',
  resumeConnection: 'POST /api/connections/{connection}/resume',
  suspendJob: 'POST /api/connections/{connection}/jobs/{job_id}/suspend',
  resumeJob: 'POST /api/connections/{connection}/jobs/{job_id}/resume',
  listInstances: 'GET /api/instances',
  getActivity: 'GET /api/activity',
  listDeadLetters: 'GET /api/dead-letters',
  getDeadLetter: 'GET /api/dead-letters/{partition}/{offset}',
  replayDeadLetter: 'POST /api/dead-letters/{partition}/{offset}/replay',
};

/** An answer that is not a good one; `status` 0: there was none. */
export class Problem extends Error {
  constructor(status, detail, parameter) {
    super(detail);
    this.status = status;
    this.parameter = parameter;
  }
}

/** The key that opens the relay; null: there is none. */
export function keyNow() {
  return sessionStorage.getItem(KEY);
}

export function takeKey(key) {
  sessionStorage.setItem(KEY, key);
}

export function forgetKey() {
  sessionStorage.removeItem(KEY);
}

/**
 * Sends a request and gives the JSON of its answer.
 *
 * @param operation one of OPERATIONS
 * @param path the values of what stands in braces
 * @param query parameters; those that are empty are left out
 * @param body JSON, as a text
 */
export async function call(operation, { signal, ...request } = {}) {
  let response;
  let text;
  try {
    response = await ask(operation, {
      ...request,
      signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...(signal === undefined ? [] : [signal])]),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new Problem(0, 'The relay does not answer.');
  }
  const json = parsed(text);
  if (!response.ok) {
    throw new Problem(response.status, json?.detail ?? `The relay answers with status ${response.status}.`, json?.parameter);
  }
  return json;
}

/** As `call`, but gives the answer as it is, whose body may still be on its way. */
export function ask(operation, { path = {}, query = {}, headers = {}, body, signal }) {
  const [method, template] = operation.split(' ');
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name]));
  const parameters = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  ).toString();
  const all = { Accept: 'application/json', ...headers };
  if (keyNow() !== null) {
    all.Authorization = `Bearer ${keyNow()}`;
  }
  if (body !== undefined) {
    all['Content-Type'] = 'application/json';
  }
  // Relative to the page, so that a proxy may serve it below a path of its own.
  return fetch(filled.slice(1) + (parameters && `?${parameters}`), {
    method,
    headers: all,
    body,
    signal,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
  });
}

/** As `call`, but `instead` where this relay has no such operation, or does not allow it to the key. */
export async function callIfThere(operation, options, instead) {
  try {
    return await call(operation, options);
  } catch (problem) {
    if (problem.status === 404 || problem.status === 403) {
      return instead;
    }
    throw problem;
  }
}

function parsed(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** An id for a command that a person sends from here; the same id sent twice is carried out once. */
export function newCommandId(verb) {
  const random = crypto.getRandomValues(new Uint8Array(6));
  return `page-${verb}-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
