"""The ledger's own copies off site: made while it runs, and brought back when everything is gone."""
