package org.dbtrelay.command;

/** A field that is not as it has to be; the message names the field and the rule. */
final class BadField extends Exception {

    private static final long serialVersionUID = 1L;

    BadField(String field, String rule) {
        super(field + ": " + rule);
    }

    /** The fault of a member of a field that is an object. */
    BadField within(String outer) {
        return new BadField(outer + '.' + rule());
    }

    private BadField(String message) {
        super(message);
    }

    /** The message: never null. */
    String rule() {
        return String.valueOf(getMessage());
    }
}
