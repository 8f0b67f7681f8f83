package org.dbtrelay.api;

/** A parameter of a request that is not as it must be. */
final class BadParameter extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String parameter;

    BadParameter(String parameter, String why) {
        super(parameter + ": " + why, null, false, false);
        this.parameter = parameter;
    }

    String parameter() {
        return parameter;
    }
}
