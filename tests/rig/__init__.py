"""A telephone network in a bottle: a real Asterisk, a provider, a browser, in a namespace.

Nothing here imports the product: the rig is the measure that the product is held against.
"""
