"""A server's host, watched more slowly than PostgreSQL on it: one script a minute over SSH, and no agent."""
