#!/bin/sh
# DevStack's name for: tenrec unstack
exec "$(dirname "$(readlink -f "$0")")/tenrec" unstack "$@"
