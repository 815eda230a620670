"""Starts machines by libvirt's own QEMU driver inside this process, on networks of the daemon at libvirt's socket, and prints what came of each: the port's
document and parameters, the machine's interface, its tap. Nothing is booted: the machines stay paused.
  machines.py FOLDER            LIBVIRT_DRIVER_DIR holds the QEMU driver alone
"""

import glob
import os
import signal
import subprocess
import sys

import event_loop  # noqa: F401
import libvirt
from qemu_machines import attempt, bridge, embedded, interface, interfaces, machine, ports, taps

FOLDER = sys.argv[1]
CASE = int(sys.argv[2]) if len(sys.argv) > 2 else None

machines = embedded(os.path.join(FOLDER, "all" if CASE is None else str(CASE)))
networks = libvirt.open("network:///system")

GROUPS = (
    "<portgroup name='fast' default='yes'><bandwidth><inbound average='1000' peak='2000' burst='128'/><outbound average='500'/></bandwidth></portgroup>"
    "<portgroup name='slow'><bandwidth><inbound average='10'/></bandwidth></portgroup>"
)
NETWORKS = {
    "nat": "<forward mode='nat'/>" + bridge(1) + GROUPS,
    "route": "<forward mode='route'/>" + bridge(2),
    "open": "<forward mode='open'/>" + bridge(3),
    "isolated": bridge(4) + "<port isolated='yes'/>",
    "floor": "<forward mode='nat'/><bandwidth><inbound average='1000' peak='5000' burst='1024'/><outbound average='128'/></bandwidth>" + bridge(5),
    "hostbridge": "<forward mode='bridge'/><bridge name='br0'/>" + GROUPS,
    "macvtap": "<forward mode='bridge'><interface dev='eth20'/><interface dev='eth21'/></forward>",
    "private": "<forward mode='private' dev='eth22'/>",
    "vepa": "<forward mode='vepa' dev='eth23'/>",
    "passthrough": "<forward mode='passthrough'><interface dev='eth24'/><interface dev='eth2'/></forward>",
    "trust": "<forward mode='bridge'><interface dev='eth20'/></forward><portgroup name='t' trustGuestRxFilters='yes'/>",
}

FLOOR = "<bandwidth><inbound average='100' floor='{}'/></bandwidth>"
CASES = [
    ("nat",),
    ("nat", "", "portgroup='slow'"),
    ("nat", "", "portgroup='none'"),
    ("nat", "<port isolated='yes'/>"),
    ("nat", FLOOR.format(200)),
    ("nat", "<vlan><tag id='4'/></vlan>"),
    ("nat", "<virtualport type='openvswitch'/>"),
    ("nat", "<link state='down'/><mtu size='1400'/><target dev='tapx'/>"),
    ("route",),
    ("open",),
    ("isolated",),
    ("isolated", "<port isolated='no'/>"),
    ("floor", FLOOR.format(200)),
    ("floor", FLOOR.format(9000)),
    ("hostbridge",),
    ("hostbridge", "<virtualport type='802.1Qbh'><parameters profileid='x'/></virtualport>"),
    ("nope",),
    ("macvtap",),
    ("private",),
    ("vepa",),
    ("passthrough",),
    ("trust", "", "portgroup='t'"),
]
#: libvirt 11.3's driver falls over when a machine with such a device ends inside another program: each has a process of its own, which is killed.
MACVTAP = ("macvtap", "private", "vepa", "passthrough", "trust")


def start(network, inner="", attributes=""):
    print("===", network, inner, attributes)
    domain = attempt("start", machines.createXML, machine("m", interface(network, 1, inner, attributes)), libvirt.VIR_DOMAIN_START_PAUSED)
    if domain:
        ports(networks, network)
        interfaces(domain)
        taps()
    return domain


def alone(index):
    """One case in a process of its own; its machine and its port end here."""
    sys.stdout.flush()
    subprocess.run([sys.executable, "-B", __file__, FOLDER, str(index)], check=True)
    for path in glob.glob(f"{FOLDER}/{index}/**/m.pid", recursive=True):
        with open(path, encoding="utf-8") as file:
            os.kill(int(file.read()), signal.SIGKILL)
    for path in glob.glob("/sys/class/net/macvtap*"):
        subprocess.run(["ip", "link", "delete", os.path.basename(path)], check=True)
    for port in networks.networkLookupByName(CASES[index][0]).listAllPorts():
        attempt(" delete its port", port.delete)


if CASE is not None:
    start(*CASES[CASE])
    sys.stdout.flush()
    os._exit(0)

for name, body in NETWORKS.items():
    attempt(f"create {name}", networks.networkCreateXML, f"<network><name>{name}</name>{body}</network>")
for index, case in enumerate(CASES):
    if case[0] in MACVTAP:
        alone(index)
        continue
    domain = start(*case)
    if domain:
        attempt("destroy", domain.destroy)
    ports(networks, case[0])

print("=== plugged into a machine that runs")
domain = machines.createXML(machine("h", ""), libvirt.VIR_DOMAIN_START_PAUSED)
LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE
for args in [("nat", 1), ("nat", 6, "<bandwidth><inbound average='100' peak='200' burst='300'/><outbound average='10'/></bandwidth>"), ("floor", 7, FLOOR.format(500)), ("floor", 8, FLOOR.format(600)), ("nope", 9)]:
    attempt(f"attach {args}", domain.attachDeviceFlags, interface(*args), LIVE)
interfaces(domain)
taps()
for parameters in [{"inbound.average": 500, "inbound.floor": 300}, {"inbound.average": 500, "inbound.floor": 30000}]:
    attempt("tune", domain.setInterfaceParameters, "52:54:00:99:00:07", parameters, LIVE)
attempt("tune", domain.setInterfaceParameters, "52:54:00:99:00:06", {"inbound.average": 50, "outbound.average": 20}, LIVE)
attempt("tuned", domain.interfaceParameters, "52:54:00:99:00:06", 0)
for name in ("nat", "floor"):
    ports(networks, name)
changes = {
    "to another network": interface("route", 1),
    "to a macvtap": interface("macvtap", 1),
    "its bandwidth": interface("route", 1, "<bandwidth><inbound average='5'/></bandwidth>"),
    "its portgroup": interface("nat", 6, "", "portgroup='slow'"),
    "its link": interface("route", 1, "<link state='down'/>"),
}
for what, document in changes.items():
    attempt(f"change {what}", domain.updateDeviceFlags, document, LIVE)
    for name in ("nat", "route"):
        ports(networks, name)
taps()
attempt("destroy", domain.destroy)
for name in NETWORKS:
    ports(networks, name)
    attempt("stop", networks.networkLookupByName(name).destroy)
taps()
