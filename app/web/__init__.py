"""What all pages share: templates, headers, health."""
