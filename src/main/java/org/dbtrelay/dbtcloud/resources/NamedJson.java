package org.dbtrelay.dbtcloud.resources;

import org.jspecify.annotations.Nullable;

/** A project or an environment, as far as a look-up by name reads it. */
record NamedJson(@Nullable Long id, @Nullable String name) {}
