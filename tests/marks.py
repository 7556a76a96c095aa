"""Which mark all tests of a folder bear."""

FOLDERS = {"asterisk": "asterisk", "browser": "browser"}
