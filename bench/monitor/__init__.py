"""What monitoring costs, how soon it tells, and how often for nothing: beside Prometheus and its exporter."""
