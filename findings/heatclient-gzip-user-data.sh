#!/usr/bin/env bash
# python-heatclient 3.1.0 and cloud-init 22.4.2 (Debian 12): user data kept small by gzip, as cloud-init takes it, and given to a server by
# `user_data: {get_file: …}`. Seen: heatclient cannot say bytes that are no UTF-8 in JSON, so it sends such a file as base64 in lines of 76
# letters, without a word and without a mark that would tell Heat; the guest gets that text, and cloud-init, which would have unpacked the
# gzip, makes "text/x-not-multipart" of it, which no handler takes: a guest without its configuration. The same file given to
# `openstack server create --user-data` arrives as it is.
# Takes the packages into a temporary folder; needs apt with package lists, and Debian 12's /usr/bin/python3.
set -euo pipefail
CLIENT=3.1.0-2 CLOUD_INIT=22.4.2-1+deb12u4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: >status
mapfile -t packages < <(apt-get install -s --no-install-recommends -o Dir::State::status="$folder/status" \
  "python3-heatclient=$CLIENT" "cloud-init=$CLOUD_INIT" | awk '/^Inst (python3-|cloud-init)/ { print $2 }')
packages=("${packages[@]/#python3-heatclient/python3-heatclient=$CLIENT}")
packages=("${packages[@]/#cloud-init/cloud-init=$CLOUD_INIT}")
apt-get download -q "${packages[@]}" >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >template.yaml <<'YAML'
heat_template_version: 2018-08-31
resources:
  server:
    type: OS::Nova::Server
    properties: {flavor: m1.tiny, image: debian, user_data_format: RAW, user_data: {get_file: user-data.gz}}
YAML
cat >ask.py <<'PY'
import gzip, textwrap
from cloudinit import helpers
from cloudinit.user_data import UserDataProcessor
from heatclient.common import template_utils
packed = gzip.compress(b"#cloud-config\npackages: [tree]\n" + bytes(range(32, 127)), mtime=0)
open("user-data.gz", "wb").write(packed)
files, template = template_utils.get_template_contents("template.yaml")
sent = next(iter(files.values()))
sent = sent if isinstance(sent, bytes) else sent.encode()
kinds = lambda data: [part.get_content_type() for part in UserDataProcessor(helpers.Paths({"cloud_dir": "."})).process(data).walk()][1:]
print("as packed:", kinds(packed))
print("as heatclient sends it:", sent[:4].decode(), "longest line", max(map(len, sent.decode().split("\n"))), kinds(sent))
PY
seen=$(PYTHONPATH="$folder/root/usr/lib/python3/dist-packages" /usr/bin/python3 ask.py 2>/dev/null)
echo "python3-heatclient $CLIENT, cloud-init $CLOUD_INIT"
echo "$seen"
expected="as packed: ['text/cloud-config']
as heatclient sends it: H4sI longest line 76 ['text/x-not-multipart']"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
