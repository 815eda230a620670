"""
Real DHCP clients of a network, and what virNetworkGetDHCPLeases tells of them. One line a lease, all fields; the expiry as the time that the
client was given, when it lies where it must. Then the files that libvirt's NSS modules read, and what these answer.
  leases.py URI FOLDER     FOLDER holds dhcp6-client.pl
"""
import glob
import json
import subprocess
import sys
import time

import libvirt

XML = """<network><name>leases</name><uuid>3e3fce45-4f53-4fa7-bb32-000000000096</uuid><bridge name='virbr96' stp='off' delay='0'/><domain name='lab.example'/>
  <ip address='10.96.0.1' prefix='22'><dhcp><range start='10.96.1.10' end='10.96.1.40'><lease expiry='2' unit='hours'/></range>
    <host mac='52:54:00:96:00:02' name='fixed' ip='10.96.0.9'/>
    <host mac='52:54:00:96:00:03' ip='10.96.0.10'><lease expiry='0'/></host></dhcp></ip>
  <ip family='ipv6' address='fd96::1' prefix='96'><dhcp><range start='fd96::10' end='fd96::20'/>
    <host id='00:03:00:01:52:54:00:96:00:12' name='six' ip='fd96::99'/></dhcp></ip></network>"""


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


def guest(n):
    """The one guest, with another address of its device each time: another client."""
    run('ip', '-n', 'g', 'link', 'set', 'eth0', 'down')
    run('ip', '-n', 'g', 'link', 'set', 'eth0', 'address', '52:54:00:96:00:%02x' % n)
    run('ip', '-n', 'g', 'link', 'set', 'eth0', 'up')
    for _ in range(200):
        if 'fe80' in run('ip', '-n', 'g', '-6', 'address', 'show', 'dev', 'eth0', 'scope', 'link', '-tentative'):
            return
        time.sleep(0.05)
    raise SystemExit('the device has no address of its link')


def v4(n, *words):
    guest(n)
    return run('ip', 'netns', 'exec', 'g', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '20', '-T', '1', '-s', '/bin/true', *words)


def v6(n, *words):
    guest(n)
    return run('ip', 'netns', 'exec', 'g', 'perl', sys.argv[2] + '/dhcp6-client.pl', 'eth0', *words).strip()


def seconds(lease, began):
    """What is left of a lease that was given since `began`: one of the known lengths, or the number as it is."""
    if lease['expirytime'] == 0:
        return 'for ever'
    for length in (2 * 3600, 24 * 3600):
        if began + length <= lease['expirytime'] <= time.time() + length + 1:
            return '%d s' % length
    return 'expires at %r, asked at %r' % (lease['expirytime'], began)


def show(what, count, *mac):
    """The leases, once there are so many: dnsmasq's script tells of one, and of its name, a moment after the client has it."""
    for _ in range(200):
        if len(net.DHCPLeases(*mac)) == count:
            break
        time.sleep(0.05)
    time.sleep(0.3)
    leases = net.DHCPLeases(*mac)
    print('%s: %d' % (what, len(leases)))
    for lease in leases:
        print('  ', {**lease, 'expirytime': seconds(lease, BEGAN)})


NSS = '/var/lib/libvirt/dnsmasq/virbr96'
PORT = "<networkport><uuid>%s</uuid><owner><name>%s</name><uuid>%s</uuid></owner><mac address='%s'/></networkport>"


def plug(n, owner, mac):
    uuid = '3e3fce45-4f53-4fa7-bb32-0000000001%02x' % n
    return net.portCreateXML(PORT % (uuid, owner, uuid, mac))


def awaited(read):
    """True once `read` gives something true: files are written, and taken away, a moment after what they tell of."""
    for _ in range(200):
        if read():
            return True
        time.sleep(0.05)
    return False


def text(ending):
    try:
        with open(NSS + ending) as file:
            return file.read()
    except FileNotFoundError:
        return ''


def status():
    """The file of leases as it is, but for the servers' own identifier and the times."""
    shown = text('.status')
    for lease in json.loads(shown):
        if 'server-duid' in lease:
            shown = shown.replace(lease['server-duid'], 'the server')
        shown = shown.replace(': %d\n' % lease['expiry-time'], ': %s\n' % seconds({'expirytime': lease['expiry-time']}, BEGAN))
    return shown


def resolved(service, *names):
    for name in names:
        found = subprocess.run(('getent', '-s', service, 'ahosts', name), stdout=subprocess.PIPE, text=True).stdout
        print(service, name, sorted({line.split()[0] for line in found.splitlines()}))


def kept(when):
    """What is in the files by now, and who is found by them."""
    time.sleep(0.5)
    print(when, status(), text('.macs'), sep='\n')
    resolved('libvirt', 'given')
    resolved('libvirt_guest', 'vma', 'vmb')


def stored():
    """The files of a network that is stored: when it stops, starts again, and goes."""
    global net
    net = libvirt.open(sys.argv[1]).networkDefineXML(XML)
    net.create()
    run('ip', 'link', 'set', 'vg0', 'master', 'virbr96', 'up')
    v4(1, '-x', 'hostname:given')
    show('of a network that is stored', 1)
    ports = [plug(n, owner, '52:54:00:96:00:0%d' % n) for n, owner in ((1, 'vma'), (2, 'vmb'), (3, 'vmb'))]
    awaited(lambda: ':03' in text('.macs'))
    ports[1].delete()
    net.destroy()
    kept('stopped')
    net.create()
    kept('started again')
    ports = [plug(n, owner, '52:54:00:96:00:0%d' % n) for n, owner in ((1, 'vma'), (4, 'vmb'))]
    awaited(lambda: ':04' in text('.macs'))
    kept('plugged in again')
    for port in ports:
        port.delete()
    awaited(lambda: ':04' not in text('.macs'))
    print(text('.macs'))
    net.undefine()
    time.sleep(0.5)
    print('no longer stored:', bool(text('.status')), text('.macs'))
    net.destroy()
    print('files:', awaited(lambda: not glob.glob(NSS + '.*')))
    net = libvirt.open(sys.argv[1]).networkDefineXML(XML)
    net.create()
    awaited(lambda: glob.glob(NSS + '.*'))
    net.destroy()
    time.sleep(0.5)
    print('stopped:', bool(glob.glob(NSS + '.*')))
    net.undefine()
    print('files:', awaited(lambda: not glob.glob(NSS + '.*')))


def refused(error):
    return error.get_error_code(), error.get_error_domain(), error.get_error_message()


libvirt.registerErrorHandler(lambda *_: None, None)
BEGAN = int(time.time())
net = libvirt.open(sys.argv[1]).networkCreateXML(XML)
try:
    show('no lease', 0)
    run('ip', 'netns', 'add', 'g')
    run('ip', 'link', 'add', 'vg0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'g')
    run('ip', 'link', 'set', 'vg0', 'master', 'virbr96', 'up')
    v4(1)
    show('plain', 1)
    v4(2)
    show('of a fixed host', 2)
    v4(3, '-x', 'hostname:given')
    show('without end', 3)
    v4(4, '-x', 'hostname:named', '-x', '0x3d:01525400960004')
    show('with a name', 4)
    v4(5, '-x', '0x3d:ff0102030400010203')
    show('with a client id', 5)
    v4(6, '-C')
    show('without a client id', 6)
    print(v6(17, '00030001525400960011', 'sixnamed'))
    show('IPv6', 7)
    print(v6(18, '00030001525400960012'))
    show('IPv6 of a fixed host', 8)
    print(v6(19, '000100012c3d4e5f525400960013'))
    show('IPv6 by another kind of DUID', 9)
    for mac in ('52:54:00:96:00:02', '52:54:00:96:00:11', '52:54:0:96:0:4', '52:54:00:00:00:00'):
        show(mac, 0 if mac.endswith('00:00:00') else 1, mac)
    v4(1)
    for _ in range(200):
        if net.DHCPLeases()[-1]['mac'].endswith(':01'):
            break
        time.sleep(0.05)
    show('asked again', 9)
    for mac in ('', 'x', '52:54:00:96:00', None):
        try:
            print(mac, len(net.DHCPLeases(mac)))
        except libvirt.libvirtError as error:
            print(mac, refused(error))
    ports = [plug(1, 'vmb', '52:54:00:96:00:01'), plug(2, 'vma', '52:54:00:96:00:AB'), plug(3, 'vmb', '52:54:00:96:00:11'), plug(4, 'v"m/\u00e9', '52:54:00:96:00:05')]
    ports.pop(1).delete()
    awaited(lambda: len(json.loads(text('.status'))) == 9 and len(json.loads(text('.macs'))) == 2)
    print(status(), text('.macs'), sep='')
    resolved('libvirt', 'fixed', 'given', 'NAMED', 'six', 'sixnamed', 'vmb')
    resolved('libvirt_guest', 'vmb', 'vma', 'v"m/\u00e9')
    for port in ports:
        port.delete()
    awaited(lambda: 'v' not in text('.macs'))
    print(text('.macs').replace('[\n]', '[]'))  # as Debian 13's library has it
    net.destroy()
    print('files:', awaited(lambda: not glob.glob(NSS + '.*')))
    for call in (net.DHCPLeases, lambda: libvirt.open(sys.argv[1]).networkLookupByName('leases')):
        try:
            print(call())
        except libvirt.libvirtError as error:
            print(refused(error))
    stored()
finally:
    subprocess.run(('ip', 'netns', 'delete', 'g'))
