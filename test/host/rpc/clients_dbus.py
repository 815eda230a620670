"""Drives a network daemon through libvirt-dbus, as Cockpit does: python3 clients_dbus.py, on the session bus that libvirt-dbus is on. Prints one line a fact, in a fixed order."""

import re
import sys
import time

from gi.repository import Gio, GLib

NAME, CONNECTION = "org.libvirt", "/org/libvirt/QEMU"
CONNECT, NETWORK, PROPERTIES = "org.libvirt.Connect", "org.libvirt.Network", "org.freedesktop.DBus.Properties"
ACTIVE, BOTH = 1, 3  # VIR_NETWORK_UPDATE_AFFECT_LIVE, with _CONFIG
MODIFY, DELETE, ADD_LAST = 1, 2, 3
HOSTS = 4  # VIR_NETWORK_SECTION_IP_DHCP_HOST
DEFINED, UNDEFINED, STARTED, STOPPED = range(4)
PATIENCE_S = 30

bus = Gio.bus_get_sync(Gio.BusType.SESSION)
seen = []
bus.signal_subscribe(NAME, None, None, None, None, Gio.DBusSignalFlags.NONE, lambda *signal: seen.append(signal[2:6]))


def until(condition, what):
    """Waits for it while signals come in."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"{what} did not come in {PATIENCE_S} s")
        GLib.MainContext.default().iteration(False) or time.sleep(0.01)


def same(text):
    """Without what is another one at each run."""
    return re.sub(r"52:54:00(:[0-9a-f]{2}){3}", "MAC", str(text))


def call(path, interface, method, signature="()", *arguments):
    """One line: the result, or the error's name and words. The result's values, or None."""
    try:
        result = bus.call_sync(NAME, path, interface, method, GLib.Variant(signature, arguments), None, Gio.DBusCallFlags.NONE, -1, None)
    except GLib.Error as error:
        print(method, same(arguments), "!", Gio.DBusError.get_remote_error(error), same(error.message))
        return None
    print(method, same(arguments), "=", same(result.print_(True)))
    return result.unpack()


def network(method, signature="()", *arguments):
    return call(path, NETWORK, method, signature, *arguments)


def event(kind):
    """Waits for the signal of a change of that kind. One line: all that came until then."""
    until(lambda: any(name == "NetworkEvent" and arguments[1] == kind for _, _, name, arguments in seen), f"event {kind}")
    print("signals", [(sender, interface, name, arguments.unpack()) for sender, interface, name, arguments in seen])
    seen.clear()


def look():
    call(path, PROPERTIES, "GetAll", "(s)", NETWORK)
    for flags in (0, 1, 2):
        network("GetXMLDesc", "(u)", flags)
    for mac, flags in (("", 0), ("52:54:00:77:00:01", 0), ("x", 0), ("", 1)):
        network("GetDHCPLeases", "(su)", mac, flags)


def autostart(value):
    call(path, PROPERTIES, "Set", "(ssv)", NETWORK, "Autostart", GLib.Variant("b", value))
    call(path, PROPERTIES, "Get", "(ss)", NETWORK, "Autostart")


until(
    lambda: bus.call_sync(
        "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", GLib.Variant("(s)", (NAME,)), None, 0, -1, None
    ).unpack()[0],
    "libvirt-dbus",
)
call(CONNECTION, PROPERTIES, "GetAll", "(s)", CONNECT)
for method, signature, arguments in (
    ("ListDomains", "(u)", (0,)),
    ("ListStoragePools", "(u)", (0,)),
    ("ListInterfaces", "(u)", (0,)),
    ("ListNodeDevices", "(u)", (0,)),
    ("ListSecrets", "(u)", (0,)),
    ("ListNWFilters", "(u)", (0,)),
    ("ListNetworks", "(u)", (0,)),
    ("ListNetworks", "(u)", (1 << 30,)),
    ("GetCapabilities", "()", ()),
    ("GetSysinfo", "(u)", (0,)),
    ("NodeGetMemoryStats", "(iu)", (-1, 0)),
    ("NetworkLookupByName", "(s)", ("dbus",)),
    ("NetworkLookupByUUID", "(s)", ("dbus",)),
    ("NetworkCreateXML", "(s)", ("<network/>",)),
    ("NetworkDefineXML", "(s)", ("<network",)),
):
    call(CONNECTION, CONNECT, method, signature, *arguments)

UUID = "0a0a0a0a-1111-4222-8333-000000000022"
XML = f"""<network><name>dbus</name><uuid>{UUID}</uuid><forward mode="nat"/><domain name="dbus" localOnly="yes"/>
<ip address="10.89.22.1" netmask="255.255.255.0" localPtr="yes"><dhcp><range start="10.89.22.2" end="10.89.22.254"/></dhcp></ip></network>"""
(path,) = call(CONNECTION, CONNECT, "NetworkDefineXML", "(s)", XML)
event(DEFINED)
look()
network("Destroy")
network("Create")
event(STARTED)
network("Create")
for value in (True, False, True):
    autostart(value)
for command, mac, address, flags in (
    (ADD_LAST, "52:54:00:77:00:01", "10.89.22.5", BOTH),
    (ADD_LAST, "52:54:00:77:00:02", "10.89.22.5", BOTH),
    (ADD_LAST, "52:54:00:77:00:03", "10.99.1.5", ACTIVE),
    (MODIFY, "52:54:00:77:00:01", "10.89.22.6", BOTH),
    (DELETE, "52:54:00:77:00:01", "10.89.22.5", BOTH),
    (DELETE, "52:54:00:77:00:01", "10.89.22.6", BOTH),
):
    network("Update", "(uuisu)", command, HOSTS, 0, f"<host mac='{mac}' ip='{address}' />", flags)
look()
network("Undefine")
event(UNDEFINED)
look()
network("Destroy")
event(STOPPED)
look()
network("Create")
call(CONNECTION, CONNECT, "ListNetworks", "(u)", 0)
holes = XML.replace('"255.255.255.0"', '"255.0.255.0"').replace('<dhcp><range start="10.89.22.2" end="10.89.22.254"/></dhcp>', "")
call(CONNECTION, CONNECT, "NetworkCreateXML", "(s)", holes)
