// Sends records with kafkajs: node produce.mjs <bootstrap servers> <topic> <default|legacy> <file>
// The file holds a JSON array of {"key": string or null, "value": string, "headers": object}. One send for all of them.
import { readFileSync } from 'node:fs'
import { Kafka, Partitioners, logLevel } from 'kafkajs'

const [bootstrap, topic, partitioner, file] = process.argv.slice(2)
const createPartitioner = { default: Partitioners.DefaultPartitioner, legacy: Partitioners.LegacyPartitioner }[partitioner]
if (!createPartitioner) {
  throw new Error(`no partitioner '${partitioner}'`)
}

const kafka = new Kafka({ clientId: 'kafkajs-test', brokers: bootstrap.split(','), logLevel: logLevel.WARN })
const producer = kafka.producer({ createPartitioner })
await producer.connect()
try {
  for (const { partition, baseOffset } of await producer.send({ topic, messages: JSON.parse(readFileSync(file, 'utf8')) })) {
    console.log(`sent to partition ${partition} from offset ${baseOffset}`)
  }
} finally {
  await producer.disconnect()
}
