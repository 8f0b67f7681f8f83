/**
 * The documents of this project as data, for tests that hold them against the code. A document that says less or more than
 * the code does fails the build.
 */
package org.dbtrelay.docs;
