"""Base backups: taking one and verifying it, by the cluster's own tool."""
