import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const examples = readdirSync('examples')
  .filter((file) => file.endsWith('.xml'))
  .map((file) => `examples/${file}`);

/** libvirt looks for the device while it defines the network; no machine without an SR-IOV card gets past that. */
const needsHardware = new Map([['examples/hostdev-address.xml', 'is not an SR-IOV Virtual Function']]);

/** Defines every example in one private libvirtd, so that names, uuids and bridges must not clash either. */
function defineAll(): ReadonlyMap<string, string> {
  const script = 'for f; do printf "\\n@@%s\\n" "$f"; virsh net-define "$f" 2>&1; done';
  const output = execFileSync('test/oracle/with-libvirtd', ['--lab', 'sh', '-c', script, 'sh', ...examples], { encoding: 'utf8' });
  const answers = output.split('\n@@').slice(1);
  return new Map(
    answers.map((answer): [string, string] => [answer.slice(0, answer.indexOf('\n')), answer.slice(answer.indexOf('\n') + 1).trim()]),
  );
}

describe('examples', () => {
  test('say what they are for, before anything else', () => {
    for (const file of examples) expect(readFileSync(file, 'utf8'), file).toMatch(/^<!--\n {2}\S[^]{40,}?-->\n<network/);
  });

  test("pass libvirt's strict schema", () => {
    for (const file of examples) {
      const { status, stdout, stderr } = spawnSync('virt-xml-validate', [file, 'network'], { encoding: 'utf8' });
      expect({ file, status, words: status === 0 ? '' : stdout + stderr }).toEqual({ file, status: 0, words: '' });
    }
  });

  test('are taken by libvirt, all of them together', () => {
    const answers = defineAll();
    expect([...answers.keys()]).toEqual(examples);
    for (const [file, answer] of answers) {
      const fault = needsHardware.get(file);
      if (fault === undefined) expect(answer, file).toMatch(/^Network \S+ defined from/);
      else expect(answer, file).toContain(fault);
    }
  });
});
