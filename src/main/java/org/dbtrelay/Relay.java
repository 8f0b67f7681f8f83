package org.dbtrelay;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.io.PrintStream;
import java.util.List;
import org.dbtrelay.config.CheckedConfig;
import org.dbtrelay.config.ConfigFault;

/** Where the process begins: first the configuration is checked as a whole, then, and only then, anything is started. */
@QuarkusMain
public final class Relay {

    private Relay() {}

    /**
     * Runs the relay until it is told to stop. With a faulty configuration nothing is started: one line per fault goes to
     * the standard error, and the exit code is 1.
     *
     * @param arguments not used
     */
    public static void main(String... arguments) {
        List<ConfigFault> faults = CheckedConfig.faults();
        if (!faults.isEmpty()) {
            tell(faults, System.err);
            System.exit(1);
        }
        Quarkus.run(arguments);
    }

    /** Logging is not up yet, and whoever started this by hand reads the terminal: so plain lines. */
    private static void tell(List<ConfigFault> faults, PrintStream out) {
        out.println("The relay was not started: its configuration has " + faults.size()
                + (faults.size() == 1 ? " fault." : " faults."));
        faults.forEach(fault -> out.println(fault.line()));
        out.flush();
    }
}
