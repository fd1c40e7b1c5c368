#!/usr/bin/env bash
# qemu-img 7.2 (Debian 12): a disk of whole gibibytes made into a VHD ("vpc"), the format of images that come from Hyper-V and Azure.
# Seen: the disk becomes a little larger, as VHD says its size in cylinders, heads and sectors and qemu-img rounds up: 1 GiB becomes
# 1,073,995,776 bytes. Nova and Cinder compare an image's virtual size with whole gibibytes, so the VHD of a 1 GiB disk neither fits a flavor
# with a disk of 1 GB nor a volume of 1 GB, though the same disk as VHDX, VDI, VMDK or qcow2 does; `-o force_size=on` keeps the size.
# Takes the package into a temporary folder; needs apt with package lists.
set -euo pipefail
VERSION=1:7.2+dfsg-7+deb12u18+b3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: >status
mapfile -t packages < <(apt-get install -s --no-install-recommends -o Dir::State::status="$folder/status" \
  "qemu-utils=$VERSION" | awk '/^Inst (qemu-utils|lib)/ { print $2 }')
packages=("${packages[@]/#qemu-utils/qemu-utils=$VERSION}")
apt-get download -q "${packages[@]}" >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
libraries=$(dirname "$(find root -name 'libc.so.6' | head -n 1)")
qemu_img() {
  "$(find root -name 'ld-linux-*.so.*' | head -n 1)" --library-path "$libraries:${libraries/lib/usr/lib}" root/usr/bin/qemu-img "$@"
}
qemu_img create -q -f raw disk.raw 1G
seen=$(for format in qcow2 vhdx vdi vpc "vpc -o force_size=on"; do
  # shellcheck disable=SC2086
  qemu_img convert -f raw -O $format disk.raw disk.image
  echo "$format: $(qemu_img info --output=json -f "${format%% *}" disk.image | awk -F'[:,] *' '/"virtual-size"/ { print $2; exit }')"
done)
echo "qemu-utils $VERSION"
echo "$seen"
expected='qcow2: 1073741824
vhdx: 1073741824
vdi: 1073741824
vpc: 1073995776
vpc -o force_size=on: 1073741824'
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
