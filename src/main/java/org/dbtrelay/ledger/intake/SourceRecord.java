package org.dbtrelay.ledger.intake;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The record that an input came from.
 *
 * @param acknowledge tells the consumer that the record has been taken durably; called once, after the commit
 */
public record SourceRecord(ConsumerRecord<byte[], byte[]> record, Runnable acknowledge) {}
