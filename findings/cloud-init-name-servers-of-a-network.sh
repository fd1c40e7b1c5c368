#!/usr/bin/env bash
# cloud-init 22.4.2 (Debian 12) and the `network_data.json` of Nova, which names a network's DNS servers twice: in that network's own
# "services" and in the document's. Seen: cloud-init reads the document's only. A guest with two networks therefore asks the servers of both
# on each interface, also those that only the other network reaches; and a document that has them at the networks alone, as its
# schema allows, gives a guest without any. And "ipv6_slaac" beside a fixed IPv6 address on one interface becomes dhcp6 with router
# advertisements switched off, so that neither way gives it an address.
# Takes the packages into a temporary folder; needs apt with package lists, and Debian 12's /usr/bin/python3.
set -euo pipefail
VERSION=22.4.2-1+deb12u4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
: >status
mapfile -t packages < <(apt-get install -s --no-install-recommends -o Dir::State::status="$folder/status" \
  "cloud-init=$VERSION" | awk '/^Inst (python3-|cloud-init)/ { print $2 }')
packages=("${packages[@]/#cloud-init/cloud-init=$VERSION}")
apt-get download -q "${packages[@]}" >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" root; done
cat >ask.py <<'PY'
import yaml
from cloudinit.net import netplan, network_state
from cloudinit.sources.helpers import openstack
MACS = {"fa:16:3e:00:00:01": "eth0", "fa:16:3e:00:00:02": "eth1"}
def links(count):
    return [{"id": f"tap{n}", "vif_id": f"v{n}", "type": "ovs", "mtu": 1450, "ethernet_mac_address": f"fa:16:3e:00:00:0{n}"} for n in range(1, count + 1)]
def dns(*addresses):
    return [{"type": "dns", "address": address} for address in addresses]
def ipv4(n):
    return {"id": f"network{n}", "type": "ipv4", "link": f"tap{n}", "ip_address": f"10.0.{n}.5", "netmask": "255.255.255.0", "network_id": f"n{n}",
            "routes": [], "services": dns(f"10.0.{n}.2")}
def rendered(document):
    state = network_state.parse_net_config_data(openstack.convert_net_json(document, known_macs=MACS))
    return yaml.safe_load(netplan.Renderer()._render_content(state))["network"]["ethernets"]
def servers(document):
    return {name: nic.get("nameservers", {}).get("addresses") for name, nic in rendered(document).items()}
print("at both:", servers({"links": links(2), "networks": [ipv4(1), ipv4(2)], "services": dns("10.0.1.2", "10.0.2.2")}))
print("at the networks:", servers({"links": links(2), "networks": [ipv4(1), ipv4(2)], "services": []}))
six = {"link": "tap1", "network_id": "n1", "routes": [], "services": []}
nic = rendered({"links": links(1), "services": [], "networks": [
    dict(six, id="network0", type="ipv6", ip_address="2001:db8::5/64"), dict(six, id="network1", type="ipv6_slaac", ip_address="2001:db8:1::7/64")]})["eth0"]
print("fixed and slaac:", {key: nic.get(key) for key in ("accept-ra", "addresses", "dhcp6")})
PY
seen=$(PYTHONPATH="$folder/root/usr/lib/python3/dist-packages" /usr/bin/python3 ask.py 2>/dev/null)
echo "cloud-init $VERSION"
echo "$seen"
expected="at both: {'eth0': ['10.0.1.2', '10.0.2.2'], 'eth1': ['10.0.1.2', '10.0.2.2']}
at the networks: {'eth0': None, 'eth1': None}
fixed and slaac: {'accept-ra': False, 'addresses': ['2001:db8::5/64'], 'dhcp6': True}"
[ "$seen" = "$expected" ] || { echo "this has changed"; exit 1; }
