import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startVirtnetd } from '../support/virtnetd.ts';

const root = process.cwd();
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Makes dist/lib where a source is younger than it. */
function buildLibrary(): void {
  const made = join(root, 'dist/lib/driver/index.js');
  const isFresh = existsSync(made) && execFileSync('find', ['src', '-name', '*.ts', '-newer', made], { encoding: 'utf8' }) === '';
  if (!isFresh) execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'pipe' });
}

describe('the library, as a program gets it from the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'library-'));
  const modules = join(folder, 'node_modules');
  const node = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

  beforeAll(() => {
    buildLibrary();
    const cache = join(folder, 'npm'); // npm's own would be somebody's home
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--cache', cache, '--pack-destination', folder], { stdio: 'pipe' });
    mkdirSync(join(modules, 'virtnet'), { recursive: true });
    execFileSync('sh', ['-c', 'tar -xzf "$0"/virtnet-*.tgz --strip-components 1 -C "$0/node_modules/virtnet"', folder]);
    for (const name of Object.keys(manifest.dependencies)) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('every subpath can be imported, with types beside it', () => {
    const subpaths = Object.keys(manifest.exports).map((path) => path.replace(/^\./, 'virtnet'));
    const script = `for (const path of ${JSON.stringify(subpaths)}) console.log(path, Object.keys(await import(path)).length > 0);`;
    const { stdout, stderr } = node('--input-type=module', '--eval', script);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(subpaths.map((path) => `${path} true`));
    for (const targets of Object.values(manifest.exports) as { readonly types: string }[])
      expect(existsSync(join(modules, 'virtnet', targets.types))).toBe(true);
  });

  test('the example plans, starts, plugs a guest, and leaves nothing', () => {
    execFileSync('ip', ['netns', 'add', 'web']);
    const links = execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' });
    const example = join(modules, 'virtnet/examples/library/lab.mjs');
    const { stdout, stderr, status } = node(example, 'web');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const lines = stdout.split('\n');
    expect(lines).toContain('create link virbr0: not there');
    expect(lines).toContain('event: lifecycle started lab');
    expect(stdout).toMatch(/^plugged web with 52:54:00(:[0-9a-f]{2}){3}$/m);
    expect(lines).toContain('steps to be as it should be: 0');
    expect(execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' })).toBe(links);
    expect(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })).toBe('');
    execFileSync('ip', ['netns', 'delete', 'web']);
  });

  test('the example for both works through the daemon where there is one, and alone', async () => {
    const example = join(modules, 'virtnet/examples/library/connect.mjs');
    const run = (runDir: string) =>
      spawnSync(process.execPath, [example], { cwd: folder, encoding: 'utf8', env: { ...process.env, VIRTNET_RUN_DIR: runDir } });
    const said = { stdout: 'shared is stopped\n', stderr: '', status: 0 };
    expect(run(join(folder, 'alone'))).toMatchObject(said);

    await using daemon = await startVirtnetd({ folder: join(folder, 'daemon') });
    expect(run(join(folder, 'daemon/run'))).toMatchObject(said);
    await vi.waitUntil(() => daemon.log().includes('network defined network=shared'), { timeout: 10_000 });
    await daemon.end('SIGKILL');
    expect(run(join(folder, 'daemon/run'))).toMatchObject(said); // its socket is there still
  });
});
