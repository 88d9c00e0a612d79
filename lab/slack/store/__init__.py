"""What the practice workspace remembers: messages, views, files, and what it has handed out."""
