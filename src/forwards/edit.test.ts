import { describe, expect, it } from 'vitest';
import { parseNetwork, writeNetwork } from '../network/index.ts';
import { forwardsOf } from './document.ts';
import { editForwards, type ForwardRequest, type ForwardsChange } from './edit.ts';
import { formatListen, formatTarget, FORWARDS_NAMESPACE } from './forward.ts';

const network = (forwards: string) =>
  parseNetwork(`<network><name>lab</name><metadata><app:x xmlns:app='http://example.org/'/>${forwards}</metadata><forward mode='nat'/>
    <ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><host mac='52:54:00:00:00:0A' name='web' ip='192.168.122.10'/></dhcp></ip></network>`);

const SOME = `<forwards xmlns='${FORWARDS_NAMESPACE}'><!-- kept --><forward proto='tcp' port='80' to='web'/>
  <forward proto='udp' address='203.0.113.1' port='500' end='600' to='WEB'><source address='198.51.100.9/24'/></forward></forwards>`;
const PREFIXED = `<v:forwards xmlns:v='${FORWARDS_NAMESPACE}'><v:forward proto='tcp' port='80' to='web'/></v:forwards>`;

function edited(before: string, change: ForwardsChange) {
  const result = editForwards(network(before), change);
  if (!result.ok) throw new Error(result.diagnostics.map(({ code, message, hint = '' }) => `${code} ${message} (${hint})`).join('\n'));
  return result.value;
}

/** What the network forwards once it was written and read again. */
function forwards(before: string, change: ForwardsChange): readonly string[] {
  const read = forwardsOf(parseNetwork(writeNetwork(edited(before, change))));
  expect(read.diagnostics).toEqual([]);
  return read.forwards.map((f) => `${formatListen(f)} -> ${formatTarget(f)}`);
}

const ssh: ForwardRequest = { proto: 'tcp', port: 2222, to: 'web', toPort: 22 };
const RANGE = 'udp 203.0.113.1:500-600 -> 192.168.122.10 (WEB)';

describe('a change of port forwards', () => {
  it('adds to what there is, under whatever prefix, and beside other metadata', () => {
    expect(forwards('', { add: [ssh] })).toEqual(['tcp 2222 -> 192.168.122.10:22 (web)']);
    expect(forwards(SOME, { add: [ssh] })).toEqual(['tcp 80 -> 192.168.122.10 (web)', RANGE, 'tcp 2222 -> 192.168.122.10:22 (web)']);
    expect(forwards(PREFIXED, { add: [ssh] })).toEqual(['tcp 80 -> 192.168.122.10 (web)', 'tcp 2222 -> 192.168.122.10:22 (web)']);
    expect(edited(SOME, { add: [ssh] }).metadata).toMatchObject([
      { namespace: 'http://example.org/' },
      { xml: expect.stringContaining('<!-- kept -->') as string },
    ]);
  });

  it('keeps values as they are', () => {
    const odd = `<'"&>`;
    const [, element] = edited(PREFIXED, { add: [{ ...ssh, to: odd, sources: [odd] }] }).metadata;
    expect(element?.xml).toContain(
      `<v:forward proto="tcp" port="2222" to="&lt;'&quot;&amp;&gt;" to-port="22"><v:source address="&lt;'&quot;&amp;&gt;"/></v:forward>`,
    );
  });

  it('takes away by what is listened on, and the element with the last one', () => {
    expect(forwards(SOME, { remove: [{ proto: 'tcp', port: 80 }] })).toEqual([RANGE]);
    expect(forwards(SOME, { remove: [{ proto: 'udp', address: '203.0.113.1', port: 500, end: 600 }] })).toEqual([
      'tcp 80 -> 192.168.122.10 (web)',
    ]);
    expect(edited(PREFIXED, { remove: [{ proto: 'tcp', port: 80 }] }).metadata).toHaveLength(1);
    expect(forwards(PREFIXED, { remove: [{ proto: 'tcp', port: 80 }], add: [{ proto: 'tcp', port: 80, to: '192.168.122.9' }] })).toEqual([
      'tcp 80 -> 192.168.122.9',
    ]);
  });

  it('is none where one is there already, however it is written', () => {
    const before = network(SOME);
    const same = { proto: 'udp', address: '203.0.113.1', port: 500, end: 600, to: 'web', sources: ['198.51.100.0/24'] };
    const add = [same, { proto: 'tcp', port: 80, end: 80, to: 'web', toPort: 80 }];
    expect(editForwards(before, { add })).toMatchObject({ ok: true });
    const result = editForwards(before, { add });
    expect(result.ok && result.value).toBe(before);
  });

  it('is refused where another one listens, or none does', () => {
    expect(() => edited(SOME, { add: [{ proto: 'tcp', port: 80, to: 'web', toPort: 8080 }] })).toThrow(
      "VNE004 'lab' forwards 80/tcp already: to 'web' (remove that first (virtnet forward lab remove 80/tcp), or forward another port or address)",
    );
    expect(() => edited(SOME, { remove: [{ proto: 'udp', port: 80 }] })).toThrow(
      "VNE005 'lab' does not forward 80/udp (it forwards 80/tcp, 203.0.113.1:500-600/udp)",
    );
    expect(() => edited('', { remove: [{ proto: 'udp', port: 80 }] })).toThrow('it forwards nothing');
  });
});
