"""The patient's pages: from the start page to the PDF, and both ways of leaving."""
