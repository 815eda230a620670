import { expect, test } from 'vitest';
import { readNetwork } from './read.ts';

const XML = `<network><name>a</name><bridge name='virbr1'/><portgroup name='staff'><vlan><tag id='7'/></vlan></portgroup></network>`;

test('a stored document whose parts contradict one another is read, with a warning', () => {
  expect(readNetwork(XML).network).toBeUndefined();
  const stored = readNetwork(XML, { stored: true });
  expect(stored.network?.portgroups[0]?.vlan).toBeDefined();
  expect(stored.diagnostics.map((d) => `${d.severity} ${d.code}`)).toContain('warning VNM050');
});

test('a stored document with a part that cannot be read is still refused', () => {
  expect(readNetwork(`<network><name>a</name><ip address='300.1.1.1' prefix='24'/></network>`, { stored: true }).network).toBeUndefined();
});
