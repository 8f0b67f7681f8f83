package org.dbtrelay.lineage.naming;

/** The name of a dataset: the namespace is the data source, the name is unique in it. */
public record Dataset(String namespace, String name) {}
