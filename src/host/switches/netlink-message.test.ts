import { describe, expect, it } from 'vitest';
import { linkRequest, listAttributes, readAnswer, RTM, text, u32 } from './netlink-message.ts';

describe('a netlink message', () => {
  it('has its lengths, padding and nesting as rtnetlink(7) and netlink(7) say', () => {
    const message = linkRequest(RTM.setLink, 7, [
      [
        24,
        [
          [
            1,
            [
              [1, u32(3)],
              [2, text('gold')],
            ],
          ],
        ],
      ],
    ]);
    // nlmsghdr: length 32+28, type 19, request|ack, 0, 0. ifinfomsg: index 7. Then 24|nested of 28, 1|nested of 24, 1 of 8, 2 of 9 and 3 of padding.
    expect(message.toString('hex')).toBe(
      '3c000000' +
        '1300' +
        '0500' +
        '00000000' +
        '00000000' +
        '00000000' +
        '07000000' +
        '00000000' +
        '00000000' +
        '1c001880' +
        '18000180' +
        '08000100' +
        '03000000' +
        '09000200' +
        '676f6c6400' +
        '000000',
    );
    expect(message.length).toBe(60);
  });

  it('is answered by an error number or by attributes', () => {
    const head = (length: number, type: number): string =>
      u32(length).toString('hex') + `${type.toString(16).padStart(2, '0')}00` + '0000' + '00'.repeat(8);
    expect(readAnswer(Buffer.from(`${head(20, 2)}a1ffffff`, 'hex'))).toEqual({ errno: 95 }); // EOPNOTSUPP
    expect(readAnswer(Buffer.from(`${head(20, 2)}00000000`, 'hex'))).toEqual({ errno: 0 });
    const link = readAnswer(Buffer.from(`${head(40, 16)}${'00'.repeat(16)}0600070001010000`, 'hex'));
    expect(link && 'attributes' in link && link.attributes.get(7)?.toString('hex')).toBe('0101');
    expect(readAnswer(Buffer.alloc(0))).toBeUndefined();
  });

  it('that is cut off or wrong gives what was whole', () => {
    expect(listAttributes(Buffer.from('0500010041000000' + '0000', 'hex'))).toEqual([[1, Buffer.from('A')]]);
    expect(listAttributes(Buffer.from('01000100', 'hex'))).toEqual([]);
  });
});
