"""`python -m dialer`: the same as the command `dialer`."""

from dialer.cli import main

main()
