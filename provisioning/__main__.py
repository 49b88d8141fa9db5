"""python -m provisioning is seatline."""

from provisioning.cli.app import main

main()
