"""Drives a network daemon through python3-libvirt: python3 clients.py URI READ_ONLY_URI. Prints one line a fact, in a fixed order."""

import sys
import threading
import time

import event_loop  # noqa: F401
import libvirt

UUID = "0a0a0a0a-1111-4222-8333-000000000001"
PORT = "0a0a0a0a-1111-4222-8333-000000000501"
XML = f"""<network><name>py</name><uuid>{UUID}</uuid><forward mode='nat'/><bridge name='vdpy'/><mac address='52:54:00:77:00:01'/>
<ip address='10.89.1.1' netmask='255.255.255.0'><dhcp><range start='10.89.1.10' end='10.89.1.99'/></dhcp></ip></network>"""
PORT_XML = f"""<networkport><uuid>{PORT}</uuid><owner><name>guest</name><uuid>{UUID}</uuid></owner><mac address='52:54:00:99:00:01'/><bandwidth><inbound average='10'/><outbound average='5'/></bandwidth></networkport>"""


def attempt(name, call):
    """One line: the result, or code, domain, message and strings of the error."""
    try:
        result = call()
        print(name, "=", result)
        return result
    except libvirt.libvirtError as error:
        parts = (error.get_error_code(), error.get_error_domain(), error.get_error_message(), error.get_str1(), error.get_str2(), error.get_int1())
        print(name, "!", *parts)
        return None


conn = libvirt.open(sys.argv[1])
conn.setKeepAlive(5, 3)
attempt("type", conn.getType)
attempt("secure", conn.isSecure)
attempt("encrypted", conn.isEncrypted)
attempt("alive", conn.isAlive)
attempt("version", conn.getVersion)
attempt("hostname", conn.getHostname)
attempt("capabilities", conn.getCapabilities)
attempt("domains", conn.listAllDomains)
conn.registerCloseCallback(lambda *_: None, None)

events = []


def on_event(_conn, net, event, detail, who):
    events.append(f"{who}:{net.name()}:{event}:{detail}")


everything = conn.networkEventRegisterAny(None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, on_event, "all")
net = conn.networkDefineXML(XML)
one = conn.networkEventRegisterAny(net, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, on_event, "one")
attempt("name", net.name)
attempt("uuid", net.UUIDString)
attempt("active", net.isActive)
attempt("persistent", net.isPersistent)
attempt("bridge", net.bridgeName)
attempt("create", net.create)
attempt("create again", net.create)
attempt("autostart", lambda: net.setAutostart(1))
attempt("autostart?", net.autostart)
attempt("names", lambda: (conn.listNetworks(), conn.listDefinedNetworks(), conn.numOfNetworks(), conn.numOfDefinedNetworks()))
attempt("all", lambda: [n.name() for n in conn.listAllNetworks(0)])
attempt("lookup by name", lambda: conn.networkLookupByName("py").UUIDString())
attempt("lookup by uuid", lambda: conn.networkLookupByUUIDString(UUID).name())
attempt("lookup nothing", lambda: conn.networkLookupByName("nope"))
attempt("leases", net.DHCPLeases)
attempt("leases of a mac", lambda: net.DHCPLeases("52:54:00:00:00:01"))
attempt("leases of nonsense", lambda: net.DHCPLeases("zz"))
for flags in (2, 8, 0x7FFFFFFF):
    attempt(f"xml flags {flags}", lambda flags=flags: net.XMLDesc(flags))
attempt("list flags", lambda: conn.listAllNetworks(64))
attempt("define flags", lambda: conn.networkDefineXMLFlags(XML, 2))
attempt("create flags", lambda: conn.networkCreateXMLFlags(XML, 4))
attempt("leases flags", lambda: net.DHCPLeases(None, 1))
attempt("ports flags", lambda: net.listAllPorts(1))
attempt("update", lambda: net.update(libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_SECTION_DNS_TXT, -1, "<txt name='a' value='b'/>", 3))
for command in (0, 5, 99):
    attempt(f"update command {command}", lambda command=command: net.update(command, 11, -1, "<txt name='c' value='b'/>", 2))
for section in (0, 13, 99):
    attempt(f"update section {section}", lambda section=section: net.update(3, section, -1, "<txt name='c' value='b'/>", 2))
attempt("update flags", lambda: net.update(3, 11, -1, "<txt name='c' value='b'/>", 4))
attempt("port", lambda: net.portCreateXML(PORT_XML, 0).UUIDString())
port = net.portLookupByUUIDString(PORT)
attempt("port uuid", port.UUIDString)
attempt("port xml", lambda: port.XMLDesc(0))
attempt("port parameters", port.parameters)
attempt("port set", lambda: port.setParameters({"inbound.average": 100, "inbound.peak": 200, "outbound.average": 50}))
attempt("port parameters", port.parameters)
attempt("port set one", lambda: port.setParameters({"inbound.average": 70}))
attempt("port parameters", port.parameters)
attempt("port set none", lambda: port.setParameters({"inbound.average": 0}))
attempt("port parameters", port.parameters)
attempt("port xml flags", lambda: port.XMLDesc(1))
attempt("port delete flags", lambda: port.delete(1))
attempt("port create flags", lambda: net.portCreateXML(PORT_XML, 8))
attempt("ports", lambda: [p.UUIDString() for p in net.listAllPorts(0)])
attempt("port delete", lambda: port.delete(0))
attempt("port delete again", lambda: port.delete(0))

reader = libvirt.openReadOnly(sys.argv[2])
theirs = reader.networkLookupByName("py")
for name in ("create", "destroy", "undefine"):
    attempt(f"read-only {name}", getattr(theirs, name))
attempt("read-only xml", lambda: len(theirs.XMLDesc(0)) > 100)

stop = threading.Event()


def hammer(n):
    """Calls from many threads over one connection."""
    for _ in range(50):
        assert conn.networkLookupByName("py").UUIDString() == UUID


threads = [threading.Thread(target=hammer, args=(n,)) for n in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("800 lookups from 16 threads = done")

attempt("destroy", net.destroy)
attempt("destroy again", net.destroy)
attempt("undefine", net.undefine)
attempt("gone", net.isActive)
time.sleep(0.5)
print("events =", events)
conn.networkEventDeregisterAny(one)
conn.networkEventDeregisterAny(everything)
conn.unregisterCloseCallback()
reader.close()
attempt("close", conn.close)
