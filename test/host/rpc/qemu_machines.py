"""Documents of machines that libvirt's QEMU driver starts on networks of kinds, and the words in which programs print what came of them."""

import glob
import os
import re
import shutil

import libvirt


def embedded(root):
    """The QEMU driver inside this process, with its files in the new folder `root`."""
    os.makedirs(f"{root}/etc")
    os.makedirs(f"{root}/log/qemu")
    shutil.copyfile(os.path.join(os.path.dirname(__file__), "../../vm/qemu.conf"), f"{root}/etc/qemu.conf")
    return libvirt.open(f"qemu:///embed?root={root}")


def clean(value):
    """Without what each daemon makes up for itself."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", value) if isinstance(value, str) else value


def attempt(what, call, *args):
    try:
        result = call(*args)
        print(what, "=", clean(result) if isinstance(result, (str, int, dict)) else "done")
        return result
    except libvirt.libvirtError as error:
        print(what, "!", error.get_error_code(), error.get_error_domain(), clean(error.get_error_message()))
        return None


def bridge(n):
    ip = f"<ip address='10.88.{n}.1' netmask='255.255.255.0'/>"
    return f"<bridge name='vb{n}' stp='off' delay='0'/><mac address='52:54:00:77:00:0{n}'/>{ip}"


def interface(network, mac=1, inner="", attributes=""):
    source = f"<source network='{network}' {attributes}/>"
    return f"<interface type='network'><mac address='52:54:00:99:00:{mac:02x}'/>{source}<model type='virtio'/>{inner}</interface>"


def machine(name, devices):
    system = "<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>"
    emulator = "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
    return f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>{system}<devices>{emulator}{devices}</devices></domain>"


def ports(networks, name):
    try:
        network = networks.networkLookupByName(name)
        for port in sorted(network.listAllPorts(), key=lambda p: clean(p.XMLDesc())):
            attempt(f" port of {name}", port.XMLDesc)
            attempt(" parameters", port.parameters)
        print(" connections", re.findall(r"connections='\d+'", network.XMLDesc()))
    except libvirt.libvirtError as error:
        print(" ports of", name, "!", error.get_error_message())


def interfaces(domain):
    print(clean("\n".join(re.findall(r"    <interface.*?</interface>", domain.XMLDesc(), re.S))))


def taps():
    for path in sorted(glob.glob("/sys/class/net/vnet*")):
        rows = [f"{path}/mtu"] + [f"{path}/brport/{flag}" for flag in ("isolated", "learning", "unicast_flood")]
        values = [open(row, encoding="utf-8").read().strip() for row in rows if os.path.exists(row)]
        print(" tap", os.path.basename(path), os.path.basename(os.path.realpath(f"{path}/master")), *values)
