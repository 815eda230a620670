import { describe, expect, it } from 'vitest';
import { parseNetwork, writeNetwork } from '../network/index.ts';
import { checkForwards, forwardsOf } from './document.ts';
import { explainForwards } from './explain.ts';
import { FORWARDS_NAMESPACE, MOST_FORWARDS } from './forward.ts';

function document(inner: string, mode = "<forward mode='nat'/>"): string {
  return `<network>
  <name>lab</name>
  <metadata>
    <app:x xmlns:app='http://example.org/'/>
    <virtnet:forwards xmlns:virtnet='${FORWARDS_NAMESPACE}'>
${inner}
    </virtnet:forwards>
  </metadata>
  ${mode}
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><host mac='52:54:00:00:00:0A' name='web' ip='192.168.122.10'/><host mac='52:54:00:00:00:0b' name='old' ip='192.168.122.11'/></dhcp>
  </ip>
  <ip family='ipv6' address='2001:db8:122::1' prefix='64'><dhcp><host name='web' ip='2001:db8:122::10'/></dhcp></ip>
</network>`;
}

const read = (inner: string) => forwardsOf(parseNetwork(document(inner))).forwards;

/** `LINE:COLUMN message` of each finding. */
function findings(inner: string, mode?: string): readonly string[] {
  const text = document(inner, mode);
  return checkForwards(parseNetwork(text), text).map(
    (d) => `${String(d.position?.line)}:${String(d.position?.column)} ${d.severity} ${d.code} ${d.message}`,
  );
}

describe('port forwards', () => {
  it('name the guest by its fixed name, in both families', () => {
    const both = { proto: 'tcp', port: 8080, end: 8080, to: 'WEB', toPort: 80 };
    expect(read("<forward proto='tcp' port='8080' to='WEB' to-port='80'/>")).toEqual([
      { ...both, family: 'ipv4', target: '192.168.122.10' },
      { ...both, family: 'ipv6', target: '2001:db8:122::10' },
    ]);
  });

  it('name it by its MAC address or its address, on one address of the host or for some sources', () => {
    const children = "<source address='203.0.113.9/24'/><virtnet:source address='198.51.100.1'/>";
    expect(
      read(`<virtnet:forward proto='udp' port='500' end='600' to='52:54:0:0:0:b'/>
        <forward proto='udp' address='2001:DB8:0::1' port='53' to='2001:db8:122::99' to-port='53'/>
        <forward proto='tcp' port='22' to='web'>${children}</forward>`),
    ).toEqual([
      { family: 'ipv4', proto: 'udp', port: 500, end: 600, to: '52:54:0:0:0:b', target: '192.168.122.11' },
      { family: 'ipv6', proto: 'udp', address: '2001:db8::1', port: 53, end: 53, to: '2001:db8:122::99', target: '2001:db8:122::99' },
      // Sources of one family: not forwarded in the other.
      {
        ...{ family: 'ipv4', proto: 'tcp', port: 22, end: 22, to: 'web', target: '192.168.122.10' },
        sources: [
          { family: 'ipv4', value: 0xcb007100n, prefix: 24 },
          { family: 'ipv4', value: 0xc6336401n, prefix: 32 },
        ],
      },
    ]);
  });

  it.each([
    ["<forward port='80' to='web'/>", "<forward> has no 'proto'"],
    ["<forward proto='sctp' port='80' to='web'/>", "'sctp' is no protocol with ports"],
    ["<forward proto='tcp' to='web'/>", "<forward> has no 'port'"],
    ["<forward proto='tcp' port='0' to='web'/>", "'0' is no port"],
    ["<forward proto='tcp' port='65536' to='web'/>", "'65536' is no port"],
    ["<forward proto='tcp' port='0x50' to='web'/>", "'0x50' is no port"],
    ["<forward proto='tcp' port='80' end='79' to='web'/>", 'the range ends at 79, before it begins'],
    ["<forward proto='tcp' port='80' end='90' to='web' to-port='8080'/>", 'a range of ports goes to the same ports of the guest'],
    ["<forward proto='tcp' port='80'/>", "<forward> has no 'to'"],
    ["<forward proto='tcp' port='80' to='db'/>", "no fixed DHCP host of the network has the name 'db'"],
    ["<forward proto='tcp' port='80' to='52:54:00:00:00:0c'/>", "no fixed DHCP host of the network has the mac '52:54:00:00:00:0c'"],
    [
      "<forward proto='tcp' port='80' to='192.168.123.1'/>",
      "'192.168.123.1' is in no subnet of the network (192.168.122.0/24, 2001:db8:122::/64)",
    ],
    ["<forward proto='tcp' port='80' to='192.168.122.1'/>", "'192.168.122.1' is the host's own address"],
    ["<forward proto='tcp' port='80' to='192.168.122.255'/>", "'192.168.122.255' is no guest's address"],
    ["<forward proto='tcp' address='lan' port='80' to='web'/>", "'lan' is no IP address"],
    ["<forward proto='tcp' address='127.0.0.1' port='80' to='web'/>", "'127.0.0.1' is a loopback address, which never leads to a guest"],
    ["<forward proto='tcp' address='::1' port='80' to='web'/>", "'::1' is a loopback address, which never leads to a guest"],
    ["<forward proto='tcp' address='0.0.0.0' port='80' to='web'/>", "'0.0.0.0' is no address to listen on"],
    ["<forward proto='tcp' address='fe80::1' port='80' to='web'/>", "'fe80::1' is no address of one host that is reached from afar"],
    ["<forward proto='tcp' address='239.1.2.3' port='80' to='web'/>", "'239.1.2.3' is no address of one host that is reached from afar"],
    ["<forward proto='tcp' address='2001:db8::1' port='80' to='old'/>", "'old' has no IPv6 address"],
    [
      "<forward proto='udp' port='1' end='99' to='web'/>",
      'udp port 53 of all addresses is also that of the bridges, where guests ask for names and leases',
    ],
    ["<forward proto='tcp' port='80' to='web'><source address='10.0.0.0/33'/></forward>", "'10.0.0.0/33' is no address or subnet"],
    ["<forward proto='tcp' port='80' to='web'><source/></forward>", "<source> has no 'address'"],
    ["<forward proto='tcp' port='80' to='old'><source address='2001:db8::/32'/></forward>", 'a <source> is IPv6, and the forward is not'],
    [
      "<forward proto='tcp' port='80' end='90' to='web'/><forward proto='tcp' address='203.0.113.1' port='85' to='old'/>",
      "tcp 203.0.113.1:85 is forwarded twice: to 'old', and with tcp 80-90 to 'web'",
    ],
  ])('refuse %s', (inner, message) => {
    const text = document(inner);
    expect(findings(inner)).toEqual([expect.stringMatching(/^6:\d+ error VNF001 /)]);
    expect(findings(inner)[0]).toContain(message);
    expect(forwardsOf(parseNetwork(text)).diagnostics).toMatchObject([
      { path: expect.stringContaining('/network/metadata/virtnet:forwards') as string },
    ]);
    // Whoever defines it by libvirt's protocol is told in its form (VIR_ERR_XML_ERROR).
    expect(checkForwards(parseNetwork(text), text)).toMatchObject([
      { libvirt: { code: 27, message: `XML error: port forward: ${message}` } },
    ]);
  });

  it('say where: at the value, and at the element where there is none', () => {
    expect(findings("<forward proto='tcp' port='80'\n to='db'/>\n<forward proto='tcp' port='1'/>").map((f) => f.split(' ')[0])).toEqual([
      '7:6',
      '8:1',
    ]);
  });

  it('are those of nat and routed networks', () => {
    const one = "<forward proto='tcp' port='80' to='web'/>";
    expect(findings(one, "<forward mode='route'/>")).toEqual([]);
    expect(findings(one, '')).toEqual([expect.stringContaining('error VNF001 an isolated network has no port forwards')]);
    expect(findings(one, "<forward mode='open'/>")).toEqual([expect.stringContaining("error VNF001 mode 'open' has no port forwards")]);
    expect(findings('', '')).toEqual([]);
  });

  it('do not clash by protocol, port, family or address', () => {
    const four = ["proto='tcp' port='53'", "proto='udp' port='53'", "proto='tcp' port='54'"].map(
      (p) => `<forward ${p} address='203.0.113.1' to='web'/>`,
    );
    expect(findings(`${four.join('')}<forward proto='tcp' port='53' address='203.0.113.2' to='web'/>`)).toEqual([]);
    const families = "<forward proto='tcp' port='80' to='old'/><forward proto='tcp' port='80' to='2001:db8:122::10'/>";
    expect(findings(families)).toEqual([]);
  });

  it('warn of what is not known, and refuse another element of the namespace, and too many', () => {
    expect(findings("<forward proto='tcp' port='80' to='web' topo='1'/><forwrad/><virtnet:note/>").map((f) => f.split(' ')[2])).toEqual([
      'VNM002',
      'VNM002',
      'VNM003',
    ]);
    const odd = document('').replaceAll(/(?<=<.?)virtnet:forwards/g, 'virtnet:ports');
    expect(checkForwards(parseNetwork(odd), odd)).toMatchObject([{ code: 'VNF001', message: '<ports> is not what this namespace holds' }]);
    const many = Array.from({ length: MOST_FORWARDS + 1 }, (_, i) => `<forward proto='tcp' port='${String(2000 + i)}' to='web'/>`).join('');
    expect(findings(many)).toEqual([expect.stringContaining('more than 1024 port forwards')]);
  });

  it('stay in the document as libvirt keeps them, and say nothing where there are none', () => {
    const network = parseNetwork(document("<forward proto='tcp' port='80' to='web'/>"));
    expect(writeNetwork(network)).toContain(`<virtnet:forwards xmlns:virtnet="${FORWARDS_NAMESPACE}">
      <forward proto="tcp" port="80" to="web"/>
    </virtnet:forwards>`);
    expect(forwardsOf(parseNetwork(writeNetwork(network)))).toEqual(forwardsOf(network));
    const plain = "<network><name>n</name><metadata><a xmlns='urn:a'/></metadata></network>";
    expect(checkForwards(parseNetwork(plain), plain)).toEqual([]);
    expect(explainForwards(parseNetwork(plain))).toBeUndefined();
  });

  it('are explained', () => {
    const network = parseNetwork(
      document("<forward proto='tcp' address='203.0.113.1' port='80' to='web' to-port='8080'><source address='10.0.0.0/8'/></forward>"),
    );
    expect(explainForwards(network)?.sentences.slice(0, 2)).toEqual([
      'From outside, a guest is reached by these alone.',
      'TCP port 80 of 203.0.113.1 leads to 192.168.122.10:8080 (web), for 10.0.0.0/8 alone.',
    ]);
  });
});
