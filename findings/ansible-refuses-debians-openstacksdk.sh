#!/usr/bin/env bash
# ansible 7.7.0 and python3-openstacksdk 0.101.0, both of Debian 12. Seen: every module of the collection openstack.cloud that the
# package brings (1.10.0) ends with "Incompatible openstacksdk library found", as it takes the SDK from 0.36 to 0.98.999 only, and the
# collection that takes newer ones is not in Debian 12. The two packages install side by side without a word.
# Takes the packages into a temporary folder; needs apt with package lists, and Debian 12's /usr/bin/python3.
set -euo pipefail
ANSIBLE=7.7.0+dfsg-3+deb12u1 SDK=0.101.0-2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: >status
mapfile -t packages < <(apt-get install -s --no-install-recommends -o Dir::State::status="$folder/status" \
  "ansible=$ANSIBLE" "python3-openstacksdk=$SDK" | awk '/^Inst (python3-|ansible)/ { print $2 }')
packages=("${packages[@]/#python3-openstacksdk/python3-openstacksdk=$SDK}")
apt-get download -q "${packages[@]}" >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
modules=$folder/root/usr/lib/python3/dist-packages
seen=$(HOME=$folder ANSIBLE_LOCALHOST_WARNING=false PYTHONPATH=$modules /usr/bin/python3 root/usr/bin/ansible localhost \
  -m openstack.cloud.auth -e ansible_python_interpreter=/usr/bin/python3 2>/dev/null | grep '"msg"' || true)
echo "ansible $ANSIBLE, python3-openstacksdk $SDK"
echo "$seen"
expected='    "msg": "Incompatible openstacksdk library found: Version MUST be >=0.36 and <=0.98.999, but 0.101.0 is larger than maximum version 0.98.999."'
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
