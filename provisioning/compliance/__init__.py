"""Which calls should not have happened: decision tables over rated calls and contracts (合规稽核).

Pure, and independent of the dialplan: what the switch let through is asked again, from its records alone.
"""
