"""What is watched beside the fast look at a pair: more slowly, in the background, one topic a package here."""
