package org.dbtrelay.emulator;

/** A row of {@code run_results.json} that did not go well; {@code status} is dbt's word: error, fail, skipped, warn. */
public record FailingNode(String uniqueId, String status, String message) {}
