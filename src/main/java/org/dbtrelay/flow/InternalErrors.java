package org.dbtrelay.flow;

import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.decide.Input;

/** Replaces an input that could not be decided by one that ends its command, and says why. */
final class InternalErrors {

    private InternalErrors() {}

    /** The input instead of one whose decision failed. */
    static Input after(Input input, Throwable fault) {
        return ending(input, "internal error of the relay: " + fault.getClass().getSimpleName());
    }

    /** The input instead of one whose outcome the brokers refuse to take, which ends its command in less. */
    static Input afterRefusal(Input input) {
        return ending(input, "its record or its event is too large");
    }

    private static Input ending(Input input, String message) {
        return switch (input) {
            case Input.NotACommand unreadable -> unreadable;
            case Input.SweepResult swept -> swept;
            case Input.ObservationBegins begun -> begun;
            case Input.RunsListed listed -> listed;
            case Input.JobsSwitched switched -> switched;
            case Input.CommandReceived commanded -> rejected(commanded, message);
            case Input.CommandInput about -> new Input.InternalFault(about.commandId(), message);
        };
    }

    /** The command as one that is rejected, without its context, which may be what is wrong with it. */
    private static Input rejected(Input.CommandReceived commanded, String message) {
        Command.Head head = commanded.command().head();
        return new Input.CommandReceived(
                new Command.Unfit(
                        new Command.Head(
                                head.id(), head.connection(), head.accountId(), head.expiresAt(), null, head.trace()),
                        commanded.command().verb(),
                        RejectReason.INTERNAL,
                        message),
                commanded.hash(),
                commanded.recordTime(),
                commanded.offset());
    }
}
