"""The tests of Anteroom; builders draw every picture they use."""
