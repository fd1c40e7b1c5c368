#!/bin/sh
# DevStack's name for: tenrec rejoin
exec "$(dirname "$(readlink -f "$0")")/tenrec" rejoin "$@"
