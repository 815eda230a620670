"""Starts libvirt's QEMU driver as a daemon (test/oracle/virtqemud) and changes, saves and restarts machines of it on networks of every kind, also while the
daemon itself is started again, and prints what came of each step. Everything is asked of qemu:///system, networks too. Nothing is booted: the machines stay
paused.
  running_machines.py                    the networks are those of the daemon at /run/libvirt/virtnetworkd-sock
  running_machines.py --with-networks    the networks are those of libvirt's own driver in the same daemon
"""

import os
import subprocess
import sys
import time

import event_loop  # noqa: F401
import libvirt
from qemu_machines import attempt, bridge, clean, interface, interfaces, machine, ports, taps

LIVE, PAUSED = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_START_PAUSED
NETWORKS = {
    "nat": "<forward mode='nat'/><bandwidth><inbound average='1000' peak='5000' burst='1024'/></bandwidth>"
    + bridge(1)
    + "<portgroup name='slow'><bandwidth><inbound average='10'/></bandwidth></portgroup>",
    "route": "<forward mode='route'/>" + bridge(2),
    "hostbridge": "<forward mode='bridge'/><bridge name='br0'/>",
    "macvtap": "<forward mode='bridge'><interface dev='eth20'/><interface dev='eth21'/></forward>",
    "passthrough": "<forward mode='passthrough'><interface dev='eth24'/></forward>",
    "ovs": "<forward mode='bridge'/><bridge name='ovs0'/><virtualport type='openvswitch'/><vlan><tag id='5'/></vlan>"
    "<portgroup name='trunk'><vlan trunk='yes'><tag id='7' nativeMode='tagged'/><tag id='8'/></vlan></portgroup>"
    "<portgroup name='web'><virtualport type='openvswitch'><parameters profileid='web'/></virtualport></portgroup>",
}
LIMITS = "<bandwidth><inbound average='100' floor='50'/></bandwidth>"


class Daemon:
    """The daemon of machines; `conn` is a connection to it."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(os.path.dirname(__file__), "../../oracle/virtqemud"), *sys.argv[1:]], stderr=subprocess.DEVNULL)
        for _ in range(400):
            try:
                self.conn = libvirt.open("qemu:///system")
                return
            except libvirt.libvirtError:
                time.sleep(0.05)
        raise SystemExit("virtqemud did not come up")

    def end(self, signal):
        """Machines live on, as with every libvirt."""
        self.process.send_signal(signal)
        self.process.wait()


def find(name="m"):
    return daemon.conn.lookupByName(name)


def look():
    for name in NETWORKS:
        ports(daemon.conn, name)
    interfaces(find())
    taps()
    for table, columns in {"port": "name,tag,trunks,vlan_mode", "interface": "name,external_ids"}.items():
        rows = subprocess.run(["ovs-vsctl", "--format=csv", f"--columns={columns}", "list", table], text=True, check=True, capture_output=True).stdout
        print(" ovs", table, clean("".join(sorted(rows.splitlines(keepends=True)))))


def again(why, signal):
    """The daemon ends and starts; which ports are the same afterwards."""
    global daemon
    print("=== started again:", why)
    daemon.end(signal)
    daemon = Daemon()
    settle()
    print(" the same ports:", listed() == known, len(known))
    look()


def listed():
    return sorted(port.UUIDString() for name in NETWORKS for port in network(name).listAllPorts())


def settle():
    """The daemon takes its machines up again in threads; each is busy until it has its ports, and this waits for that."""
    find().setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "m", None, None, LIVE)


def network(name):
    return daemon.conn.networkLookupByName(name)


def happened(_conn, net, event, detail, _opaque):
    events.append((net.name(), event, detail))


def start_ovs():
    run = "/run/openvswitch"
    os.makedirs(run)
    for command in (
        f"ovsdb-tool create {run}/conf.db /usr/share/openvswitch/vswitch.ovsschema",
        f"ovsdb-server {run}/conf.db --remote=punix:{run}/db.sock --detach --pidfile={run}/ovsdb-server.pid",
        "ovs-vsctl --no-wait init",
        f"ovs-vswitchd unix:{run}/db.sock --detach --pidfile={run}/ovs-vswitchd.pid",
        "ovs-vsctl add-br ovs0 -- set bridge ovs0 datapath_type=netdev",
    ):
        subprocess.run(command.split(), check=True, stderr=subprocess.DEVNULL)


DEVICES = [f"link add {dev} up type veth peer name p{dev}\nlink set p{dev} up" for dev in ("eth20", "eth21", "eth24")] + ["link add br0 type bridge"]
subprocess.run(["ip", "-batch", "-"], input="\n".join(DEVICES), text=True, check=True)
start_ovs()
daemon = Daemon()
print("=== networks by the connection of machines")
events = []
handle = daemon.conn.networkEventRegisterAny(None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, happened, None)
for name, body in NETWORKS.items():
    attempt(f"define {name}", daemon.conn.networkDefineXML, f"<network><name>{name}</name>{body}</network>")
    attempt(f"start {name}", network(name).create)
attempt("transient", daemon.conn.networkCreateXML, "<network><name>t</name><bridge name='vb9'/></network>")
attempt("no document", daemon.conn.networkDefineXML, "<network/>")
attempt("stop", network("t").destroy)
attempt("no such network", daemon.conn.networkLookupByName, "t")
print(daemon.conn.numOfNetworks(), daemon.conn.numOfDefinedNetworks(), sorted(daemon.conn.listNetworks()), len(daemon.conn.listAllNetworks(0)))
attempt("deregister", daemon.conn.networkEventDeregisterAny, handle)
print(events)

print("=== a machine with an interface on each")
wanted = [("nat", 1, LIMITS, "portgroup='slow'"), ("hostbridge", 2), ("macvtap", 3), ("passthrough", 4), ("ovs", 9, "", "portgroup='trunk'"), ("ovs", 10, "", "portgroup='web'")]
attempt("define", daemon.conn.defineXML, machine("m", "".join(interface(*args) for args in wanted)))
attempt("start", find().createWithFlags, PAUSED)
look()
for state in ("down", "up"):
    attempt(f"link {state}", find().updateDeviceFlags, interface("nat", 1, LIMITS + f"<link state='{state}'/>", "portgroup='slow'"), LIVE)
    interfaces(find())
for args in [("route", 5), ("macvtap", 6), ("nat", 7, LIMITS.replace("50", "9000")), ("passthrough", 8), ("ovs", 11)]:
    attempt(f"attach {args}", find().attachDeviceFlags, interface(*args), LIVE)
look()
attempt("to another network", find().updateDeviceFlags, interface("nat", 5), LIVE)
attempt("to another tag", find().updateDeviceFlags, interface("ovs", 11, "<vlan><tag id='9'/></vlan>"), LIVE)
attempt("to a stored one", find().updateDeviceFlags, interface("route", 2), libvirt.VIR_DOMAIN_AFFECT_CONFIG)
look()
attempt("detach", find().detachDeviceFlags, interface("macvtap", 6), LIVE)
attempt("reset", find().reset, 0)  # a machine that does not run gives the device back then
while "52:54:00:99:00:06" in find().XMLDesc():
    time.sleep(0.05)
look()
attempt("save", find().managedSave, 0)
look()
attempt("restore", find().createWithFlags, PAUSED)
look()

known = listed()
again("nothing happened", 15)
print("=== ports deleted")
for name in NETWORKS:
    for port in network(name).listAllPorts():
        attempt("delete", port.delete)
again("its ports are reclaimed", 9)
print("=== networks stopped and started")
for name in ("nat", "macvtap", "passthrough"):
    attempt("stop", network(name).destroy)
    attempt("start", network(name).create)
again("its ports are on the networks", 15)
attempt("destroy", find().destroy)
look()
for name in NETWORKS:
    attempt("stop", network(name).destroy)
attempt("start", find().createWithFlags, PAUSED)
daemon.end(15)
