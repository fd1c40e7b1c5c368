#!/bin/sh
# DevStack's name for: tenrec clean
exec "$(dirname "$(readlink -f "$0")")/tenrec" clean "$@"
