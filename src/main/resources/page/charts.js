// Small charts of the last hour, a column for each minute. What they show is also said in words.

import { h } from './dom.js';
import { count, duration } from './words.js';

const HEIGHT = 40;
const STEP = 4;

/**
 * Stacked columns.
 *
 * @param minutes oldest first; null: a minute of which nothing is known
 * @param series the parts of a column from below: a class for the colour, and the value of a minute
 */
function columns(minutes, series, label, titleOf) {
  const totals = minutes.map((minute) => series.reduce((sum, part) => sum + part.value(minute), 0));
  const top = Math.max(1, ...totals);
  return h(
    'svg',
    { viewBox: `0 0 ${minutes.length * STEP} ${HEIGHT + 1}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    minutes.map((minute, index) => {
      let above = HEIGHT;
      return h(
        'g',
        null,
        h('title', null, titleOf(minute)),
        h('rect', { class: 'hit', x: index * STEP, y: 0, width: STEP, height: HEIGHT }),
        series.map((part) => {
          const height = (part.value(minute) / top) * (HEIGHT - 1);
          above -= height;
          return height > 0
            ? h('rect', { class: part.tone, x: index * STEP + 0.5, y: above, width: STEP - 1, height: Math.max(height, 1) })
            : null;
        }),
      );
    }),
    h('line', { class: 'base', x1: 0, y1: HEIGHT + 0.5, x2: minutes.length * STEP, y2: HEIGHT + 0.5 }),
  );
}

function figure(title, number, note, chart) {
  return h(
    'figure',
    { class: 'chart' },
    h('figcaption', null, h('span', { class: 'name' }, title), h('span', { class: 'number' }, number), h('span', { class: 'note' }, note)),
    chart,
    h('div', { class: 'axis', 'aria-hidden': 'true' }, h('span', null, '60 min ago'), h('span', null, 'now')),
  );
}

function clock(minute) {
  return new Date(minute.at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

const sum = (minutes, field) => minutes.reduce((total, minute) => total + minute[field], 0);

/** The four charts of the activity that the API tells. */
export function activityCharts({ minutes }) {
  const starts = sum(minutes, 'starts');
  const ends = sum(minutes, 'ends');
  const failures = sum(minutes, 'failures');
  const told = sum(minutes, 'ends_told');
  const mean = told === 0 ? null : sum(minutes, 'delay_total_ms') / told / 1000;
  const longest = Math.max(0, ...minutes.map((minute) => minute.delay_max_ms)) / 1000;
  const meanOf = (minute) => (minute.ends_told === 0 ? 0 : minute.delay_total_ms / minute.ends_told / 1000);
  return h(
    'div',
    { class: 'charts' },
    figure(
      'Starts', starts.toLocaleString('en'), 'in the last hour',
      columns(minutes, [{ tone: 'busy', value: (minute) => minute.starts }],
        `${count(starts, 'start')} in the last hour`, (minute) => `${clock(minute)}: ${count(minute.starts, 'start')}`),
    ),
    figure(
      'Ends', ends.toLocaleString('en'), 'in the last hour',
      columns(minutes, [{ tone: 'good', value: (minute) => minute.ends }],
        `${count(ends, 'end')} of runs in the last hour`, (minute) => `${clock(minute)}: ${count(minute.ends, 'end')}`),
    ),
    figure(
      'Failures', failures.toLocaleString('en'), ends === 0 ? 'no run has ended' : `${Math.round((failures / Math.max(ends, failures)) * 100)} % of the ends`,
      columns(minutes, [{ tone: 'bad', value: (minute) => minute.failures }],
        `${count(failures, 'failure')} in the last hour`, (minute) => `${clock(minute)}: ${count(minute.failures, 'failure')}`),
    ),
    figure(
      'End to event', mean === null ? '–' : duration(mean), mean === null ? 'no end was told' : `on average; longest ${duration(longest)}`,
      columns(minutes, [{ tone: 'idle', value: meanOf }],
        mean === null ? 'No end was told in the last hour' : `From the end of a run to its event: ${duration(mean)} on average in the last hour`,
        (minute) => `${clock(minute)}: ${minute.ends_told === 0 ? 'no end was told' : duration(meanOf(minute))}`),
    ),
  );
}
