"""Services beside PostgreSQL: what each kind is asked, and what it says. A kind is a file here."""
