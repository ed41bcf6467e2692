"""The bars of reliability that are measured by hand, each with its figure and its n."""
