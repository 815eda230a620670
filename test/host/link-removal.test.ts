import { execFileSync } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { IpTool } from '../../src/host/iproute/ip-coprocess.ts';
import { removeLinks } from '../../src/host/links/link-removal.ts';

const tools = { ip: new IpTool('ip'), proc: '/proc', sysfs: '/sys' };
afterEach(() => tools.ip.close());

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

it('is over when the links are gone: their names are free at once, also for the process that lists', async () => {
  for (let round = 0; round < 5; round++) {
    ip('tuntap', 'add', 'dev', 'gone0', 'mode', 'tap');
    await tools.ip.batch([['link', 'set', 'dev', 'gone0', 'down']]);
    expect(await removeLinks(['link', 'delete', 'dev', 'gone0'], ['gone0'], tools)).toEqual({ ok: true, text: '' });
    expect(ip('-br', 'link', 'show')).not.toContain('gone0');
    ip('link', 'add', 'name', 'gone0', 'type', 'bridge');
    const [answer] = await tools.ip.batch([['address', 'show', 'dev', 'gone0']]);
    expect(answer?.ok === true && answer.text).toContain('"info_kind":"bridge"');
    await tools.ip.batch([['link', 'set', 'dev', 'gone0', 'group', '77']]);
    expect(await removeLinks(['link', 'delete', 'group', '77'], ['gone0', 'nobody'], tools)).toEqual({ ok: true, text: '' });
  }
});

it('tells what the kernel refuses, and what is gone already', async () => {
  expect(await removeLinks(['link', 'delete', 'dev', 'lo'], ['lo'], tools)).toMatchObject({
    ok: false,
    stderr: expect.stringContaining('not supported') as string,
  });
  expect(await removeLinks(['link', 'delete', 'dev', 'nobody'], ['nobody'], tools)).toMatchObject({
    ok: false,
    stderr: expect.stringContaining('Cannot find device') as string,
  });
});
