"""What Understudy does of its own accord, where the settings let it."""
