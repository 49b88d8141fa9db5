"""Analog gateways: a device with its ports as values, to its family's configuration file and back (IAD)."""
