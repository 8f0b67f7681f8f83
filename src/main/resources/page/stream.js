// The events of one command, as the relay tells of them. An EventSource would send no key.

import { OPERATIONS, Problem, ask } from './api.js';

/** The relay says something every ten seconds. */
const SILENCE_MS = 30_000;

/**
 * Listens until the stream ends, which it does when the command has.
 *
 * @param last the sequence of the last event that is known; null: none
 * @param opened called when the relay has begun to tell
 * @param heard called for each event
 * @param signal ends it before
 */
export async function listen(id, last, { opened, heard }, signal) {
  const silence = new AbortController();
  let timer = 0;
  const goOn = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  goOn();
  try {
    const response = await ask(OPERATIONS.streamCommandEvents, {
      path: { command_id: id },
      headers: { Accept: 'text/event-stream', ...(last === null ? {} : { 'Last-Event-ID': String(last) }) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) {
      throw new Problem(response.status, `The relay answers with status ${response.status}.`);
    }
    opened();
    await read(response.body.getReader(), goOn, heard);
  } finally {
    clearTimeout(timer);
  }
}

/** An empty line ends an event; one without data is a sign of life. */
async function read(reader, goOn, heard) {
  const decoder = new TextDecoder();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    goOn();
    text += decoder.decode(part.value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop();
    events.filter((event) => /^data:/m.test(event)).forEach(heard);
  }
}
