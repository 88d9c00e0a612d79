"""Setting the WAL archive of a server up."""
