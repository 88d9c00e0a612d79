"""How an approved operation is carried out, outlives its process, and ends."""
