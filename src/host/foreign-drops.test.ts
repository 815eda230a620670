import { describe, expect, test } from 'vitest';
import { judge } from './foreign-drops.ts';

const chain = (table: string, name: string, more: object = {}): object => ({ chain: { family: 'ip', table, name, handle: 1, ...more } });
const forward = (policy: string): object => ({ type: 'filter', hook: 'forward', prio: 0, policy });
const rule = (table: string, name: string, ...expr: readonly object[]): object => ({
  rule: { family: 'ip', table, chain: name, handle: 2, expr },
});
const judged = (...objects: readonly object[]): readonly string[] =>
  judge(JSON.stringify({ nftables: [{ metainfo: {} }, ...objects] })).map((d) => `${d.table} ${d.chain} ${d.how}`);
const conditional = { match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'eth0' } };

describe('drops of others', () => {
  test('are a policy of drop on the forward hook, as Docker and ufw set it', () => {
    expect(judged(chain('filter', 'FORWARD', forward('drop')), rule('filter', 'FORWARD', conditional, { accept: null }))).toEqual([
      'filter FORWARD policy',
    ]);
  });

  test('are drops and rejects without a condition, also behind a jump', () => {
    expect(judged(chain('a', 'f', forward('accept')), rule('a', 'f', { counter: {} }, { drop: null }))).toEqual(['a f rule']);
    expect(
      judged(
        chain('a', 'f', forward('accept')),
        chain('a', 'x'),
        rule('a', 'f', { jump: { target: 'x' } }),
        rule('a', 'x', { reject: null }),
      ),
    ).toEqual(['a f rule']);
  });

  test('let pass what is accepted by the name of its device, both ways, answers at least', () => {
    const match = (key: string, right: string): object => ({ match: { op: '==', left: { meta: { key } }, right } });
    const answers = { match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } };
    const accept = { accept: null };
    const [drop] = judge(
      JSON.stringify({
        nftables: [
          chain('filter', 'FORWARD', forward('drop')),
          chain('filter', 'DOCKER-USER'),
          rule('filter', 'FORWARD', { jump: { target: 'DOCKER-USER' } }),
          rule('filter', 'DOCKER-USER', match('iifname', 'virbr0'), { counter: {} }, accept),
          rule('filter', 'DOCKER-USER', match('oifname', 'virbr0'), answers, accept),
          rule('filter', 'FORWARD', match('iifname', 'virbr1'), accept),
          rule('filter', 'FORWARD', match('oifname', 'virbr2'), answers, accept),
          rule('filter', 'FORWARD', match('iifname', 'virbr2'), match('oifname', 'eth0'), accept),
        ],
      }),
    );
    expect(drop?.admits).toEqual(['virbr0']);
    expect(drop?.maker).toBe('docker');
  });

  test('are not what has a condition, comes after an accept, stands on another hook, or is ours', () => {
    expect(judged(chain('a', 'f', forward('accept')), rule('a', 'f', conditional, { drop: null }))).toEqual([]);
    expect(judged(chain('a', 'f', forward('accept')), rule('a', 'f', { accept: null }), rule('a', 'f', { drop: null }))).toEqual([]);
    expect(judged(chain('a', 'i', { ...forward('drop'), hook: 'input' }))).toEqual([]);
    expect(
      judge(JSON.stringify({ nftables: [{ chain: { family: 'inet', table: 'virtnet', name: 'forward', ...forward('drop') } }] })),
    ).toEqual([]);
    expect(judged(chain('a', 'f', forward('accept')), rule('a', 'f', { jump: { target: 'f' } }))).toEqual([]);
  });
});
