// The instances of the deployment, and the partitions that they serve.

import { OPERATIONS, call } from './api.js';
import { h } from './dom.js';
import { incompleteNotice, nothing, table } from './parts.js';
import { chip, when } from './words.js';

const PHASES = {
  serving: ['serving', 'good'],
  claiming: ['claiming', 'busy'],
  waiting_for_topics: ['waiting for topics', 'warn'],
  between_claims: ['between claims', 'warn'],
  degraded: ['degraded', 'bad'],
  stopped: ['stopped', 'idle'],
};

async function load(place, signal) {
  return call(OPERATIONS.listInstances, { signal });
}

function render({ data, incomplete }) {
  const partitions = data
    .flatMap((instance) => instance.partitions.map((partition) => ({ ...partition, instance })))
    .sort((one, other) => one.partition - other.partition);
  return [
    incompleteNotice(incomplete),
    h('div', null,
      table('Instances of the deployment', ['Instance', 'Version', ['Partitions', 'number'], ['Unfinished', 'number'], ['Started', 'time']],
        data.map((instance) => ({
          key: instance.id,
          cells: [
            [h('span', { class: 'id' }, instance.url ?? 'without an address'), instance.answers ? h('span', { class: 'sub' }, 'answers this page') : null],
            instance.version,
            instance.partitions.length,
            instance.unfinished,
            when(instance.started_at),
          ],
        })))),
    h('section', { 'aria-labelledby': 'partitions' },
      h('h2', { id: 'partitions' }, 'Partitions'),
      partitions.length === 0
        ? nothing('No instance that answers serves a partition.')
        : table('Partitions of the commands topic', ['Partition', 'Phase', ['Lag', 'number'], ['Unfinished', 'number'], 'Instance', 'Note', ['Since', 'time']],
          partitions.map((partition) => ({
            key: `${partition.partition}/${partition.instance.id}`,
            cells: [
              partition.partition,
              chip(...(PHASES[partition.phase] ?? [partition.phase, 'idle'])),
              partition.lag ?? '–',
              partition.unfinished,
              h('span', { class: 'id' }, partition.instance.url ?? 'without an address'),
              [partition.detail, partition.paused ? `paused: ${partition.paused}` : ''].filter((text) => text).join('; '),
              when(partition.since),
            ],
          }))),
      h('p', { class: 'hint' }, 'Lag: records of the partition that its instance has not fetched yet, counted every ten seconds.')),
  ];
}

export const instances = { title: () => 'Instances', load, render };
