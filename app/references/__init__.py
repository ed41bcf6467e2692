"""The healthy library as pure rules: what a reference must say, and which ones fit a scan."""
