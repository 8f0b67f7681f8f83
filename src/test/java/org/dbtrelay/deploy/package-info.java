/**
 * The files of {@code deploy} as data, the chart as Helm renders it, for tests that hold them against the code and the documents.
 * A name, port, path, key, right or metric that there is not fails the build.
 */
package org.dbtrelay.deploy;
