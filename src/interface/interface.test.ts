import { describe, expect, it } from 'vitest';
import { readInterface } from './read-interface.ts';
import { writeInterface } from './write-interface.ts';

const MAC = "<mac address='52:54:00:7b:35:93'/>";
const net = (rest = '', attributes = ''): string =>
  `<interface type='network'${attributes}>${MAC}<source network='default' portgroup='a'/>${rest}</interface>`;
const libvirt = (text: string) => readInterface(text).diagnostics.find((d) => d.severity === 'error')?.libvirt;
function written(text: string): string {
  const result = readInterface(text);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return writeInterface(result.value);
}

describe('readInterface', () => {
  it('types what concerns the network and keeps the rest as it stands', () => {
    const result = readInterface(
      net(
        `<target dev='tap7'/><model type='virtio'/><boot order='2'/><link state='down'/><mtu size='1400'/><alias name='ua-x'/>
         <driver name='vhost' txmode='iothread' queues='4'><host csum='off'/></driver><filterref   filter="f"/><rom bar='off'/>
         <address type='pci' slot='0x05'/>`,
        " trustGuestRxFilters='yes'",
      ),
    );
    expect(result.diagnostics).toEqual([]);
    expect(result.ok && result.value).toEqual({
      source: { type: 'network', network: 'default', portgroup: 'a' },
      mac: '52:54:00:7b:35:93',
      trustGuestRxFilters: true,
      target: 'tap7',
      model: 'virtio',
      bootOrder: 2,
      link: 'down',
      mtu: 1400,
      alias: 'ua-x',
      driver: { name: 'vhost', queues: 4, attributes: { txmode: 'iothread' }, children: ["<host csum='off'/>"] },
      guestAddress: { type: 'pci', slot: '0x05' },
      rest: ['<filterref   filter="f"/>', "<rom bar='off'/>"],
    });
  });

  // Answers of libvirt 11.3 to a guest's document with this interface.
  it.each([
    [`<interface type='bridge'>${MAC}</interface>`, 27, "XML error: interface type='bridge' requires a 'source' element"],
    [`<interface type='network'>${MAC}<source/></interface>`, 27, "XML error: Missing required attribute 'network' in element 'source'"],
    [
      `<interface type='direct'><source dev='e' mode='x'/></interface>`,
      27,
      "XML error: Invalid value for attribute 'mode' in element 'source': 'x'.",
    ],
    [
      `<interface type='direct'><source dev='e'/><virtualport type='802.1Qbg'/></interface>`,
      27,
      "XML error: missing managerid in <virtualport type='802.1Qbg'>",
    ],
    [`<interface type='direct'><source dev='e'/><virtualport/></interface>`, 27, 'XML error: missing required virtualport type'],
    [
      `<interface type='bridge'><source bridge='b'/><virtualport type='midonet'/></interface>`,
      27,
      "XML error: missing interfaceid in <virtualport type='midonet'>",
    ],
    [`<interface type='hostdev'>${MAC}</interface>`, 67, "unsupported configuration: unknown host device source address type '(null)'"],
    [`<interface type=''>${MAC}</interface>`, 27, "XML error: Invalid value for attribute 'type' in element 'interface': ''."],
    [`<interface type='network'><mac address='zz'/><source network='a'/></interface>`, 27, "XML error: unable to parse mac address 'zz'"],
    [
      `<interface type='network'><mac address='01:00:5e:00:00:01'/><source network='a'/></interface>`,
      27,
      "XML error: expected unicast mac address, found multicast '01:00:5e:00:00:01'",
    ],
    [net("<model type='x y'/>"), 8, 'invalid argument: Model name contains invalid characters'],
    [net("<link state='x'/>"), 67, "unsupported configuration: unknown interface link state 'x'"],
    [net("<mtu size='x'/>"), 27, 'XML error: malformed mtu size'],
    [net("<boot order='0'/>"), 27, "XML error: Invalid value for attribute 'order' in element 'boot': Zero is not permitted"],
    [net("<port isolated='x'/>"), 27, "XML error: Invalid value for attribute 'isolated' in element 'port': 'x'."],
    [net("<driver name='x'/>"), 27, "XML error: Invalid value for attribute 'name' in element 'driver': 'x'."],
    [net('', " trustGuestRxFilters='x'"), 27, "XML error: Invalid value for attribute 'trustGuestRxFilters' in element 'interface': 'x'."],
    [
      `<interface type='bridge'>${MAC}<source bridge='b'/><bandwidth><inbound average='4' floor='3'/></bandwidth></interface>`,
      67,
      'unsupported configuration: floor attribute is not supported for this config',
    ],
    [
      `<interface type='direct'>${MAC}<source dev='eth0'/><port isolated='yes'/></interface>`,
      67,
      "unsupported configuration: interface 52:54:00:7b:35:93 - <port isolated='yes'/> is not supported for network interfaces with type='direct'",
    ],
    [
      net("<port isolated='yes'/><virtualport type='openvswitch'/>"),
      67,
      "unsupported configuration: interface 52:54:00:7b:35:93 - <port isolated='yes'/> is not supported for network interfaces with virtualport type='openvswitch'",
    ],
  ])('refuses %s as libvirt does', (text, code, message) => {
    expect(libvirt(text)).toMatchObject({ code, message });
  });

  it('refuses types without a network in words of its own', () => {
    expect(readInterface(`<interface type='user'>${MAC}</interface>`).diagnostics).toMatchObject([{ code: 'VNI101', severity: 'error' }]);
    expect(libvirt(`<interface>${MAC}</interface>`)).toBeUndefined();
  });

  it.each(['vnet3', 'macvtap0'])('leaves out the name %s of another run, with a warning', (dev) => {
    const result = readInterface(net(`<target dev='${dev}'/>`));
    expect(result.diagnostics).toMatchObject([{ code: 'VNI105', severity: 'warning' }]);
    expect(result.ok && result.value.target).toBeUndefined();
  });
});

describe('writeInterface', () => {
  it('prints in the order of libvirt', () => {
    const text = net(
      `<target dev='tap7'/><model type='virtio'/><boot order='2'/><link state='down'/><mtu size='1400'/><alias name='ua-x'/><vlan><tag id='4'/></vlan>
       <bandwidth><inbound average='4' floor='3'/></bandwidth><virtualport type='openvswitch'><parameters profileid='x'/></virtualport>
       <driver name='vhost' txmode='iothread' queues='4'><host csum='off'/></driver><guest dev='eth0'/><backend tap='/dev/x'/><rom bar='off'/>
       <acpi index='4'/><tune><sndbuf>3</sndbuf></tune><new-thing/>`,
      " trustGuestRxFilters='yes'",
    );
    expect(written(text)).toBe(`<interface type='network' trustGuestRxFilters='yes'>
  <mac address='52:54:00:7b:35:93'/>
  <source network='default' portgroup='a'/>
  <vlan>
    <tag id='4'/>
  </vlan>
  <virtualport type='openvswitch'>
    <parameters profileid='x'/>
  </virtualport>
  <bandwidth>
    <inbound average='4' floor='3'/>
  </bandwidth>
  <target dev='tap7'/>
  <guest dev='eth0'/>
  <model type='virtio'/>
  <driver name='vhost' txmode='iothread' queues='4'>
    <host csum='off'/>
  </driver>
  <backend tap='/dev/x'/>
  <tune><sndbuf>3</sndbuf></tune>
  <link state='down'/>
  <mtu size='1400'/>
  <boot order='2'/>
  <alias name='ua-x'/>
  <rom bar='off'/>
  <acpi index='4'/>
  <new-thing/>
</interface>
`);
  });
  it.each([
    net("<address type='pci' domain='0x0000' slot='0x05'/><target dev='x' managed='no'/>"),
    `<interface type='bridge'><mac address='52:54:0:7B:35:93' type='static' check='no'/><source bridge='br0'/></interface>`,
    `<interface type='direct'><source dev='eth0'/><vlan><tag id='1'/></vlan></interface>`,
    `<interface type='hostdev' managed='yes'>${MAC}<driver name='vfio'/><source><address type='pci' bus='4' slot='5' function='1'/></source></interface>`,
    net('<x><!-- kept -->\n   <y a="1"/></x>'),
  ])('gives a document that reads and writes as itself: %s', (text) => {
    const once = written(text);
    expect(written(once)).toBe(once);
    const [a, b] = [readInterface(text), readInterface(once)];
    expect(a.ok && a.value).toEqual(b.ok && b.value);
  });
  it('prints the driver of a PCI device before its source, as libvirt does', () => {
    const text = `<interface type='hostdev' managed='yes'>${MAC}<source><address type='pci' bus='4' slot='5' function='1'/></source><driver name='vfio'/></interface>`;
    expect(written(text)).toBe(`<interface type='hostdev' managed='yes'>
  <mac address='52:54:00:7b:35:93'/>
  <driver name='vfio'/>
  <source>
    <address type='pci' domain='0x0000' bus='0x04' slot='0x05' function='0x1'/>
  </source>
</interface>
`);
  });
});
