"""The clinic's own folder: name, logo, colours, numbers, policy; the truth that pages write."""
