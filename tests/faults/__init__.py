"""The fault matrix: every fault in the middle of every order, on the real lab. `make faults` plays all of it."""
