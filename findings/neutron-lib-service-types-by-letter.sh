#!/usr/bin/env bash
# neutron-lib 3.1.0 (Debian 12): which `service_types` a subnet may have. The API's reference says: device owners, "compute:…" or one of
# the owners that neutron itself uses. Seen: any type that begins with one of the letters of "compute:" (c o m p u t e and the colon) is
# taken, and one that begins with another letter is refused, e.g. "machine" and "podium" pass, "baremetal:none" and "volume" do not.
# A client that was refused a type of its own may be helped by its first letter; a server that checks the documented prefixes refuses what
# neutron takes. Takes the packages into a temporary folder; needs apt with package lists, and python3.
set -euo pipefail
VERSION=3.1.0-2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: >status
mapfile -t packages < <(apt-get install -s --no-install-recommends -o Dir::State::status="$folder/status" \
  "python3-neutron-lib=$VERSION" | awk '/^Inst python3-/ { print $2 }')
packages=("${packages[@]/#python3-neutron-lib/python3-neutron-lib=$VERSION}")
apt-get download -q "${packages[@]}" >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >ask.py <<'PY'
from neutron_lib import exceptions
from neutron_lib.api import validators
check = validators.validators["type:list_of_subnet_service_types"]
for kind in ("compute:nova", "network:dhcp", "machine", "podium", "ephemeral:x", "baremetal:none", "volume", "Compute:nova"):
    try:
        check([kind])
        print(f"{kind}: taken")
    except exceptions.InvalidSubnetServiceType:
        print(f"{kind}: refused")
PY
seen=$(PYTHONPATH="$folder/root/usr/lib/python3/dist-packages" /usr/bin/python3 ask.py)
echo "python3-neutron-lib $VERSION"
echo "$seen"
expected='compute:nova: taken
network:dhcp: taken
machine: taken
podium: taken
ephemeral:x: taken
baremetal:none: refused
volume: refused
Compute:nova: refused'
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
