import { describe, expect, it } from 'vitest';
import { readNetwork } from './read.ts';
import { writeNetwork } from './write-network.ts';

const read = (vlan: string) => readNetwork(`<network><name>lab</name><forward mode='bridge'/><bridge name='br0'/>${vlan}</network>`);

describe('<vlan>', () => {
  it('several tags make a trunk, and the written form says so', () => {
    const { network } = read("<vlan><tag id='42'/><tag id='47' nativeMode='untagged'/></vlan>");
    expect(network?.vlan?.tags).toStrictEqual([{ id: 42 }, { id: 47, nativeMode: 'untagged' }]);
    expect(network && writeNetwork(network)).toContain(
      "  <vlan trunk='yes'>\n    <tag id='42'/>\n    <tag id='47' nativeMode='untagged'/>\n  </vlan>\n",
    );
  });

  it.each([
    ['<vlan/>', 'VNM044'],
    ["<vlan trunk='no'><tag id='1'/><tag id='2'/></vlan>", 'VNM046'],
    ["<vlan><tag id='4096'/></vlan>", 'VNM011'],
    ["<vlan><tag id='x'/></vlan>", 'VNM011'],
    ['<vlan><tag/></vlan>', 'VNM010'],
    ["<vlan><tag id='1' nativeMode='both'/></vlan>", 'VNM013'],
  ])('%s is refused with %s', (vlan, code) => {
    expect(read(vlan).diagnostics.map((d) => d.code)).toContain(code);
    expect(read(vlan).network).toBeUndefined();
  });
});
