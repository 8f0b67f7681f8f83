package org.dbtrelay.dbtcloud.resources;

import java.util.List;

/** A look-up by names that did not end at exactly one job. Its message says all of this for a person. */
public final class DbtCloudResourceLookupException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String resource;
    private final int matches;
    private final transient List<String> nearNames;

    DbtCloudResourceLookupException(String message, String resource, int matches, List<String> nearNames) {
        super(message);
        this.resource = resource;
        this.matches = matches;
        this.nearNames = List.copyOf(nearNames);
    }

    /** The kind of resource that was not found: {@code project}, {@code environment} or {@code job}. */
    public String resource() {
        return resource;
    }

    /** How many have the name: 0, or 2 and more. */
    public int matches() {
        return matches;
    }

    /** Names that are near, the nearest first; empty if some have the very name. */
    public List<String> nearNames() {
        return nearNames;
    }
}
