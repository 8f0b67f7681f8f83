package org.dbtrelay.emulator;

/** An account. {@code runSlots} is only shown, it holds no run back. */
public record EmulatedAccount(long id, String name, String plan, int runSlots) {}
