"""Published and own results of all suites: one record, a store, tables, comparisons, a site."""
