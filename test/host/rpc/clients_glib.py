"""Drives a network daemon through libvirt-glib, as GNOME Boxes does: python3 clients_glib.py URI. Prints one line a fact, in a fixed order."""

import subprocess
import sys

import gi

gi.require_version("LibvirtGObject", "1.0")
from gi.repository import GLib, LibvirtGObject  # noqa: E402

UUID = "0a0a0a0a-1111-4222-8333-000000000021"
XML = f"""<network><name>glib</name><uuid>{UUID}</uuid><forward mode='nat'/><bridge name='vdglib'/><mac address='52:54:00:77:00:21'/>
<ip address='10.89.21.1' netmask='255.255.255.0'><dhcp><range start='10.89.21.10' end='10.89.21.99'/></dhcp></ip></network>"""


def attempt(name, call):
    """One line: the result, or the error's words."""
    try:
        print(name, "=", call())
    except GLib.Error as error:
        print(name, "!", error.message)


def virsh(*words, document=None):
    result = subprocess.run(["virsh", "-q", "-c", sys.argv[1], *words], input=document, capture_output=True, text=True, check=False)
    print(*words, "->", result.returncode)


LibvirtGObject.init_object([])
conn = LibvirtGObject.Connection.new(sys.argv[1])
signals = []
for signal in ("connection-opened", "connection-closed"):
    conn.connect(signal, lambda *_, signal=signal: signals.append(signal))
attempt("open", lambda: conn.open(None))
attempt("read-only", conn.is_read_only)
attempt("uri", conn.get_uri)
attempt("hypervisor", conn.get_hypervisor_name)
attempt("capabilities", conn.get_capabilities)
attempt("domains", lambda: conn.fetch_domains(None))
attempt("interfaces", lambda: conn.fetch_interfaces(None))
virsh("net-define", "/dev/stdin", document=XML)
virsh("net-start", "glib")
attempt("fetch", lambda: conn.fetch_networks(None))
attempt("networks", lambda: [network.get_name() for network in conn.get_networks()])
network = conn.find_network_by_name("glib")
attempt("uuid", network.get_uuid)
attempt("same by uuid", lambda: conn.get_network(UUID) == network)
for flags in (0, 1):
    attempt(f"config {flags}", lambda flags=flags: network.get_config(flags).to_xml())
attempt("config 2", lambda: network.get_config(2))
for mac in (None, "52:54:00:77:00:01", "x"):
    attempt(f"leases {mac}", lambda mac=mac: network.get_dhcp_leases(mac, 0))

loop = GLib.MainLoop()


def fetched(_conn, result):
    attempt("fetched in the background", lambda: conn.fetch_networks_finish(result))
    loop.quit()


virsh("net-destroy", "glib")
virsh("net-undefine", "glib")
conn.fetch_networks_async(None, fetched)
loop.run()
attempt("networks", lambda: [network.get_name() for network in conn.get_networks()])
attempt("config of what is gone", lambda: network.get_config(0))
attempt("close", conn.close)
attempt("open", conn.is_open)
print(signals)
