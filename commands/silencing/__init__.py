"""`/ha silences`: what is not to be told, by matcher, with who wants it, why and until when."""
