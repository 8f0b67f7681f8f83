// Reads the relay's events and reacts once to each end of a run and to each artifact. It prints; put your own reaction
// where it does.
//
//   node consumer.mjs <brokers> <file that remembers what was seen>

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

// Transactions that were aborted have to be left out. kafkajs 2.2.4 leaves them out wrongly where those of two producers
// overlap, as they do when an instance of the relay dies in the midst of several: so this takes the place of its own filter.
const filter = require.resolve('kafkajs/src/consumer/filterAbortedMessages')
require(filter)
require.cache[filter].exports = ({ messages, abortedTransactions }) => {
  const byOffset = (a, b) => (BigInt(a.firstOffset) < BigInt(b.firstOffset) ? -1 : 1)
  const ahead = [...(abortedTransactions ?? [])].sort(byOffset)
  const aborting = new Set()
  return messages.filter(({ offset, isControlRecord, batchContext: { producerId, inTransaction } }) => {
    while (ahead.length && BigInt(ahead[0].firstOffset) <= BigInt(offset)) aborting.add(ahead.shift().producerId)
    // The end of a transaction is a record of Kafka's own.
    if (isControlRecord) aborting.delete(producerId)
    return !inTransaction || !aborting.has(producerId)
  })
}
const { Kafka, logLevel } = require('kafkajs')

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

function handle(topic, message) {
  const value = JSON.parse(message.value)
  // With relay.events.mode=structured the attributes stand in the value, and the data is a member of it.
  const structured = header(message, 'content-type').startsWith('application/cloudevents+json')
  const id = structured ? value.id : header(message, 'ce_id')
  const data = structured ? value.data : value

  const key = `${topic}\t${data.command_id}`
  if (data.sequence <= (newest.get(key) ?? -1)) return
  react(id, data)
  newest.set(key, data.sequence)
  appendFileSync(file, `${key}\t${data.sequence}\n`)
}

function header(message, name) {
  return message.headers[name]?.toString() ?? ''
}

const kafka = new Kafka({ clientId: 'orders-watcher-node', brokers: brokers.split(','), logLevel: logLevel.WARN })
const consumer = kafka.consumer({
  groupId: 'orders-watcher-node',
  // kafkajs' default; it is said here because everything depends on it.
  readUncommitted: false,
  // A fault ends it: started again, it goes on with the first event that had no reaction.
  retry: { restartOnFailure: async () => false }
})
consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || process.exit(1))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => consumer.disconnect())

await consumer.connect()
await consumer.subscribe({ topics, fromBeginning: true })
await consumer.run({
  // The position is committed after the reaction, so that a crash repeats an event instead of losing it.
  autoCommit: false,
  eachMessage: async ({ topic, partition, message }) => {
    handle(topic, message)
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(message.offset) + 1n) }])
  }
})
