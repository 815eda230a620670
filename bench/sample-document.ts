/** A network of `hosts` fixed hosts with every common element; 26 hosts give 3 KB, 62,000 give 5 MB. */
export function sample(hosts: number): string {
  const lines = Array.from({ length: hosts }, (_, i) => {
    const [a, b] = [(i >> 8) & 255, i & 255];
    const mac = `52:54:00:${[i >> 16, a, b].map((n) => n.toString(16).padStart(2, '0')).join(':')}`;
    return `      <host mac='${mac}' name='guest-${String(i)}' ip='10.0.${String(a)}.${String(b)}'/>`;
  });
  return `<network ipv6='yes'>
  <name>sample</name>
  <uuid>09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f</uuid>
  <title>A sample</title>
  <description>Everything that is common,
on several lines.</description>
  <metadata>
    <app:info xmlns:app="http://app.example/1.0"><app:x a="1">text</app:x></app:info>
  </metadata>
  <forward dev='eth0' mode='nat'>
    <nat>
      <port start='1024' end='65535'/>
    </nat>
    <interface dev='eth0'/>
  </forward>
  <bridge name='virbr9' stp='on' delay='0'/>
  <mtu size='1500'/>
  <mac address='52:54:00:12:34:56'/>
  <domain name='lab.example' localOnly='yes'/>
  <dns>
    <forwarder domain='corp.example' addr='192.0.2.53'/>
    <txt name='motd' value='hello'/>
    <srv service='ldap' protocol='tcp' domain='lab.example' target='dc.lab.example' port='389'/>
    <host ip='10.0.0.2'>
      <hostname>gateway</hostname>
    </host>
  </dns>
  <bandwidth>
    <inbound average='1000' peak='5000' burst='5120'/>
    <outbound average='1000' peak='5000' burst='5120'/>
  </bandwidth>
  <ip address='10.0.0.1' netmask='255.255.0.0'>
    <dhcp>
      <range start='10.0.250.2' end='10.0.250.254'/>
${lines.slice(2).join('\n')}
    </dhcp>
  </ip>
  <ip family='ipv6' address='fd00:1::1' prefix='64'/>
  <route address='10.9.0.0' prefix='16' gateway='10.0.0.2'/>
  <portgroup name='slow' default='yes'>
    <bandwidth>
      <inbound average='100'/>
    </bandwidth>
  </portgroup>
</network>
`;
}
