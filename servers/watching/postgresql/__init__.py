"""What goes on inside PostgreSQL: sessions, locks, counters, ages, settings. Once a minute, a statement a server."""
