#!/bin/sh
# DevStack's name for: tenrec stack
exec "$(dirname "$(readlink -f "$0")")/tenrec" stack "$@"
