"""Reads contract files and number sheets: contracts, or problems with their places (合同读入)."""
