package org.dbtrelay.api;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.dbtrelay.config.Role;

/** The role that an operation needs. Without it, what reads needs a viewer, and all else an operator. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface Needs {
    Role value();
}
