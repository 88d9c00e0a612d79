"""Slack's rules for Block Kit: blocks, their elements, and what people fill in."""
