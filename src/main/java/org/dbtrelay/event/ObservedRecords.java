package org.dbtrelay.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.job.RunSnapshot;

/**
 * The commands that the relay itself writes, for the runs that it observes. Their content follows from the run and its connection
 * alone, whatever else is configured, so that the same run always gives the same command.
 */
@Singleton
public class ObservedRecords {

    private static final JsonMapper JSON = new JsonMapper();

    private final String topic;

    ObservedRecords(RelayConfig config) {
        this.topic = config.topics().commands();
    }

    /** The commands topic. */
    public String topic() {
        return topic;
    }

    /** The key: the job, as producers are advised to. */
    public String key(RunSnapshot run) {
        return Long.toString(run.jobId());
    }

    /**
     * The command, as JSON.
     *
     * @param accountId the connection's own
     */
    public byte[] value(String connection, long accountId, RunSnapshot run) {
        ObjectNode command = JSON.createObjectNode();
        command.put("command", "follow");
        command.put("command_id", Origin.idOf(accountId, run.runId()));
        command.put("connection", connection);
        command.put("account_id", accountId);
        command.put("run_id", run.runId());
        try {
            return JSON.writeValueAsBytes(command);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a command that cannot be written", e);
        }
    }

    /** The header that only the relay writes. */
    public Headers headers(long accountId, RunSnapshot run) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(Origin.HEADER, Origin.idOf(accountId, run.runId()).getBytes(StandardCharsets.UTF_8));
        return headers;
    }
}
