"""What the app calls: the Web API, response URLs and upload URLs."""
