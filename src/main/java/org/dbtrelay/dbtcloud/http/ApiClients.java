package org.dbtrelay.dbtcloud.http;

/**
 * The REST clients of a connection.
 *
 * @param posts never sends over a connection that was used before
 * @param redirected goes on with reads where {@link Redirects} allow it
 * @param inFlight the requests of all connections
 */
public record ApiClients(DbtCloudApi reads, DbtCloudApi posts, RedirectedApi redirected, RequestsInFlight inFlight) {}
