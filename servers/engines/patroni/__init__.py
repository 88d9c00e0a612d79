"""Patroni, for clusters of three servers and more: it promotes and rebuilds, and is asked over its REST API."""
