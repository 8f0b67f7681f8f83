// Reads the relay's events and reacts once to each end of a run and to each artifact. It prints; put your own reaction
// where it does.
//
//   node consumer.mjs <brokers> <file that remembers what was seen>

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { Consumer, FetchIsolationLevels, stringDeserializers } from '@platformatic/kafka'

const [brokers, file] = process.argv.slice(2)
const topics = ['dbt.run.events', 'dbt.artifact.events']

// The newest sequence that was reacted to, of each command and topic: within a topic a command's events come in order, so
// what is not above it comes for the second time. A file, so that it outlives a crash. If the reaction is a row in a
// database, write this into the same transaction instead; then not even a crash between the two repeats it.
const newest = new Map()
if (existsSync(file)) {
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const tab = line.lastIndexOf('\t')
    newest.set(line.slice(0, tab), Number(line.slice(tab + 1)))
  }
}

// Everything may be missing: dbt Cloud does not tell it of every failure, and some of it may come later.
function explain(failure) {
  if (failure?.step) console.log(`    step ${failure.step.index}: ${failure.step.name}`)
  for (const node of failure?.nodes ?? []) console.log(`    ${node.unique_id} (${node.status}): ${node.message ?? ''}`)
  for (const line of (failure?.log_tail ?? '').split('\n').filter((line) => line.trim())) console.log(`    | ${line}`)
}

function react(id, data) {
  switch (data.type) {
    case 'run.succeeded':
      console.log(`${id}: ${data.job_name} succeeded in ${data.run_seconds} s, run ${data.run_id}`)
      break
    case 'run.failed':
    case 'run.failure_explained':
      console.log(`${id}: ${data.job_name} FAILED, ${data.run_url}`)
      explain(data.failure)
      break
    case 'run.cancelled':
    case 'run.abandoned':
    case 'command.rejected':
      console.log(`${id}: no success, ${data.reason} ${data.message ?? ''}`)
      break
    case 'command.completed':
      console.log(`${id}: done, ${data.message ?? ''}`)
      break
    case 'artifact.ready':
      console.log(`${id}: ${data.path} at ${data.location}`)
      // Only a stored run_results.json or sources.json has a summary.
      for (const [status, count] of Object.entries(data.summary?.nodes ?? {})) console.log(`    ${count} ${status}`)
      break
    case 'artifact.unavailable':
      console.log(`${id}: no ${data.path}, ${data.reason}`)
      break
    // Others are on the way (accepted, queued, starting, running), or of a later version: nothing to do.
  }
}

function handle(message) {
  const value = JSON.parse(message.value)
  // With relay.events.mode=structured the attributes stand in the value, and the data is a member of it.
  const structured = message.headers.get('content-type')?.startsWith('application/cloudevents+json')
  const id = structured ? value.id : message.headers.get('ce_id')
  const data = structured ? value.data : value

  const key = `${message.topic}\t${data.command_id}`
  if (data.sequence <= (newest.get(key) ?? -1)) return
  react(id, data)
  newest.set(key, data.sequence)
  appendFileSync(file, `${key}\t${data.sequence}\n`)
}

const consumer = new Consumer({
  clientId: 'orders-watcher-node',
  groupId: 'orders-watcher-node',
  bootstrapBrokers: brokers.split(','),
  deserializers: stringDeserializers
})

const stream = await consumer.consume({
  topics,
  isolationLevel: FetchIsolationLevels.READ_COMMITTED,
  // The position is committed after the reaction, so that a crash repeats an event instead of losing it.
  autocommit: false,
  mode: 'committed',
  fallbackMode: 'earliest'
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stream.close())

// A fault ends it: started again, it goes on with the first event that had no reaction.
for await (const message of stream) {
  handle(message)
  await message.commit()
}
await consumer.close()
