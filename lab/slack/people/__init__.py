"""What people see and do: on the page, and in tests."""
