"""The report a patient takes along: its content, and the process that makes a PDF of it."""
