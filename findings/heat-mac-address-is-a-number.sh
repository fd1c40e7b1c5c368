#!/usr/bin/env bash
# Heat 19.0.0 (Debian 12): a port's `mac_address` written in a template without quotes. Seen: with QEMU's own prefix 52:54:00 and five
# more pairs that hold digits below 60 only, YAML 1.1 reads a number to the base of 60, so that 52:54:00:12:34:56 is 41135085296 before any
# property is looked at; fa:16:3e:…, or one pair with a letter, or above 59, or a first pair that begins with 0, stays text. A template that
# worked for one machine's address fails for the next one. Quotes help. Times and ports such as 22:22 (1342) are the same kind.
# Takes the packages into a temporary folder; needs apt with package lists, and Debian 12's /usr/bin/python3.
set -euo pipefail
VERSION=1:19.0.0-3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: >status
mapfile -t packages < <(apt-get install -s --no-install-recommends -o Dir::State::status="$folder/status" \
  "python3-heat=$VERSION" | awk '/^Inst python3-/ { print $2 }')
apt-get download -q "${packages[@]}" >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >ask.py <<'PY'
import heat.common.config
from heat.common import template_format
template = """heat_template_version: 2018-08-31
resources:
  port: {type: OS::Neutron::Port, properties: {network: private, mac_address: %s}}
"""
for address in ("52:54:00:12:34:56", "52:54:00:12:34:5a", "52:54:00:12:34:60", "fa:16:3e:12:34:56", "02:00:00:00:00:01", "'52:54:00:12:34:56'"):
    print(f"{address} is {template_format.parse(template % address)['resources']['port']['properties']['mac_address']!r}")
PY
seen=$(PYTHONPATH="$folder/root/usr/lib/python3/dist-packages" /usr/bin/python3 ask.py 2>/dev/null)
echo "python3-heat $VERSION"
echo "$seen"
expected="52:54:00:12:34:56 is 41135085296
52:54:00:12:34:5a is '52:54:00:12:34:5a'
52:54:00:12:34:60 is '52:54:00:12:34:60'
fa:16:3e:12:34:56 is 'fa:16:3e:12:34:56'
02:00:00:00:00:01 is '02:00:00:00:00:01'
'52:54:00:12:34:56' is '52:54:00:12:34:56'"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
