/**
 * Documents a second for reading, checking and writing, beside a bare libxml2 parse of the same texts in the same run.
 *   node scripts/run-ts.mjs bench/format.ts [CORPUS]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XmlDocument } from 'libxml2-wasm';
import { readNetwork, writeNetwork } from '../src/network/index.ts';

/** Median time of one call in milliseconds, over at least `rounds` calls and 300 ms. */
function median(rounds: number, work: () => void): number {
  const times: number[] = [];
  const until = performance.now() + 300;
  for (let i = 0; i < rounds || performance.now() < until; i++) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}

function ours(text: string): void {
  const { network } = readNetwork(text);
  if (network) writeNetwork(network);
}

function floor(text: string): void {
  XmlDocument.fromString(text).dispose();
}

/** A network of `hosts` fixed hosts with every common element; 26 hosts give 3 KB, 62,000 give 5 MB. */
function sample(hosts: number): string {
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

function compare(title: string, text: string, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    ours(text);
    floor(text);
  }
  const us = median(rounds, () => {
    ours(text);
  });
  const base = median(rounds, () => {
    floor(text);
  });
  process.stdout.write(
    `${title}: ${String(text.length)} bytes, ${us.toFixed(3)} ms (${(1000 / us).toFixed(0)} a second), libxml2 ${base.toFixed(3)} ms, ratio ${(us / base).toFixed(2)}\n`,
  );
}

const folder = join(process.argv[2] ?? '../shared/corpus/visible', 'valid');
if (existsSync(folder)) {
  const texts = readdirSync(folder)
    .filter((f) => f.endsWith('.xml'))
    .map((f) => readFileSync(join(folder, f), 'utf8'));
  const one = (work: (text: string) => void): number =>
    median(20, () => {
      for (const t of texts) work(t);
    });
  const us = one(ours);
  const base = one((t) => {
    try {
      floor(t);
    } catch {
      /* libxml2-wasm is stricter about encodings than libvirt's libxml2 */
    }
  });
  process.stdout.write(
    `corpus: ${String(texts.length)} documents, ${((1000 * texts.length) / us).toFixed(0)} a second; libxml2 alone ${((1000 * texts.length) / base).toFixed(0)}, ratio ${(us / base).toFixed(2)}\n`,
  );
} else process.stdout.write(`corpus: no folder ${folder}, left out\n`);
compare('3 KB', sample(26), 300);
compare('5 MB', sample(62_000), 3);
process.stdout.write(`memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB at most (libxml2's own included)\n`);
