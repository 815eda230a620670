import { expect, it } from 'vitest';
import { FORWARDS_NAMESPACE } from '../../forwards/forward.ts';
import { codec, parseDocument } from './documents.ts';

it('a document with a wrong port forward is refused, with line and column; one that is stored is not lost over it', () => {
  const text = `<network><name>n</name><uuid>4f7dc2a5-0000-4000-8000-000000000001</uuid>
<metadata><forwards xmlns='${FORWARDS_NAMESPACE}'><forward proto='tcp' port='80' to='10.0.0.9' odd='x'/><forward proto='tcp' port='81' to='10.0.1.9'/></forwards></metadata>
<forward mode='nat'/><ip address='10.0.0.1' prefix='24'/></network>`;
  const column = (text.split('\n')[1] ?? '').indexOf('10.0.1.9') + 1;
  const refused = parseDocument(text, {});
  expect(refused.ok).toBe(false);
  expect(refused.diagnostics).toMatchObject([
    {
      code: 'VNF001',
      severity: 'error',
      position: { line: 2, column },
      path: '/network/metadata/forwards/forward[2]/@to',
      libvirt: { code: 27 },
    },
  ]);
  expect(codec.read(text, 'n.xml').ok).toBe(true);
  expect(parseDocument(text.replace('10.0.1.9', '10.0.0.8'), {}).ok).toBe(true);
});

it('a stored carriage return is one when it is read again', () => {
  const { value } = parseDocument('<network><name>a&#13;b</name><bridge name="v"/></network>', {}) as {
    value: Parameters<typeof codec.write>[0];
  };
  expect(codec.read(codec.write(value), 'n.xml')).toMatchObject({ ok: true, value: { name: 'a\rb' } });
});
