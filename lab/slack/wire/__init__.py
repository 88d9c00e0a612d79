"""What the app receives: payloads, and how they travel by Socket Mode or HTTP."""
