package org.dbtrelay.emulator;

import java.util.List;

/** A page of runs, and the count of all that match. */
record RunPage(List<RunView> runs, int total) {}
