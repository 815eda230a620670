import { describe, expect, it } from 'vitest';
import { readNetwork } from './read.ts';
import { writeNetwork } from './write-network.ts';

const read = (bandwidth: string) => readNetwork(`<network><name>lab</name>${bandwidth}</network>`);
const codesOf = (bandwidth: string) => read(bandwidth).diagnostics.map((d) => `${d.severity} ${d.code}`);

describe('<bandwidth>', () => {
  it('keeps the rates of both directions; a peak or burst of 0 is none', () => {
    const { network } = read(
      "<bandwidth><inbound average='1000' peak='0' burst='64'/><outbound average='128' peak='256' burst='0'/></bandwidth>",
    );
    expect(network?.bandwidth).toStrictEqual({ inbound: { average: 1000, burst: 64 }, outbound: { average: 128, peak: 256 } });
  });

  it('writes attributes in the order average, peak, burst, and leaves a direction without a rate out', () => {
    const { network } = read("<bandwidth><inbound burst='64' peak='2000' average='1000'/><outbound average='0'/></bandwidth>");
    expect(network && writeNetwork(network)).toContain(
      "  <bandwidth>\n    <inbound average='1000' peak='2000' burst='64'/>\n  </bandwidth>\n",
    );
  });

  it.each([
    ["<inbound average='18014398509481985'/>", 'VNM012'],
    ["<inbound average='1' burst='4194304'/>", 'VNM012'],
    ["<inbound average='-1'/>", 'VNM011'],
    ["<inbound average='1 '/>", 'VNM011'],
    ["<inbound peak='1'/>", 'VNM042'],
    ["<inbound burst='1'/>", 'VNM042'],
    ["<inbound average='1' floor='1'/>", 'VNM040'],
  ])('%s is refused with %s', (rate, code) => {
    expect(codesOf(`<bandwidth>${rate}</bandwidth>`)).toContain(`error ${code}`);
  });

  it('of a portgroup has no bounds', () => {
    expect(codesOf(`<portgroup name='p'><bandwidth><inbound average='1' burst='4194304'/></bandwidth></portgroup>`)).toEqual([]);
  });

  it.each([["<inbound average='1' burst='4194303'/>"], ["<inbound average='9007199254740992'/>"], ["<inbound average=' +7'/>"]])(
    '%s is accepted',
    (rate) => {
      expect(codesOf(`<bandwidth>${rate}</bandwidth>`)).toEqual([]);
    },
  );
});
