#!/bin/sh
# Stands in for `signalbox-demo attached --to PID -- PROGRAM …` in tests that have no built binary: becomes PROGRAM.
# A file of its own, because one that a test writes may still be open elsewhere when it is executed.
shift 4
exec "$@"
