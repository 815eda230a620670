import { describe, expect, test } from 'vitest';
import { codec } from '../../src/driver/store/documents.ts';
import { completeNetwork } from '../../src/network/complete.ts';
import { isPlain } from '../../src/network/plain.ts';
import { readNetwork } from '../../src/network/read.ts';
import { random } from '../oracle/generate/random.ts';

const complete = `<network><name>lab</name><forward mode='nat'/><bridge name='virbr7' stp='on' delay='3' zone='work'/><mtu size='9000'/>
<mac address='52:54:00:AB:00:02'/><ip address='10.1.1.1' netmask='255.255.255.0'><dhcp><range start='10.1.1.2' end='10.1.1.254'/>
<host mac='AA:00:00:00:00:02' name='one' ip='10.1.1.9'/></dhcp></ip><ip family='ipv6' address='FD00:1:0::1' prefix='64'><dhcp>
<range start='fd00:1::10' end='fd00:1::ff'/><host id='0:1' name='six' ip='fd00:1::A'/></dhcp></ip></network>`;
const choices = {
  uuid: () => '3e3fce45-4f53-4fa7-bb32-000000000001',
  mac: () => '52:54:00:00:00:01',
  bridgeName: (pattern: string) => pattern.replace('%d', '0'),
};

/** What is put into a document to see whether it comes back as it went. */
const ODD = [' ', '\n', '\t', '0', '00', '1', 'A', '.', ':', '-', '+', '/', '%', '%d', '_', 'é', '&#x41;', '&#10;', '&amp;', '<!-- -->'];

describe('a plain network', () => {
  test('is what its written form says, however its document was put', () => {
    const rng = random(7);
    let plain = 0;
    for (let n = 0; n < 2000; n++) {
      let text = complete;
      for (let edits = rng.int(3); edits > 0; edits--) {
        const at = rng.int(text.length);
        text = rng.chance(0.3)
          ? text.slice(0, at) + text.slice(at + 1 + rng.int(3))
          : text.slice(0, at) + rng.pick(ODD) + text.slice(at + rng.int(2));
      }
      const { network } = readNetwork(text);
      const filled = network && completeNetwork(network, choices);
      if (!filled || !isPlain(filled)) continue;
      plain++;
      const back = codec.read(codec.write(filled), '');
      expect(back.ok && back.value, text).toEqual(filled);
    }
    expect(plain).toBeGreaterThan(500);
  });

  test.each([
    ['a device to forward to', `<forward mode='route' dev='eth0'/><ip address='10.9.9.1' prefix='24'/>`],
    [
      'a lease without an end',
      `<ip address='10.9.9.1' prefix='24'><dhcp><range start='10.9.9.2' end='10.9.9.3'><lease expiry='0'/></range></dhcp></ip>`,
    ],
    ['a rate of nothing', `<bandwidth><inbound average='0'/></bandwidth>`],
    ['metadata without a namespace', `<metadata><a/></metadata>`],
    ['a title', `<title> a </title>`],
  ])('has not %s', (_, part) => {
    const { network } = readNetwork(`<network><name>lab</name><bridge name='virbr7'/>${part}</network>`);
    expect(network).toBeDefined();
    expect(network && isPlain(completeNetwork(network, choices))).toBe(false);
  });
});
