"""Slack, and nowhere else: pages drawn as blocks, payloads turned into orders, the outbox delivered."""
