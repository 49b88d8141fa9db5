"""seatline's commands: each reads its arguments, calls one flow, prints data on stdout and talk on stderr."""
