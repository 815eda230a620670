import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dnsmasqFiles, type DnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import { isReading, marker, markerFile } from './dnsmasq-process.ts';

describe('a dnsmasq that reads its files', () => {
  let folder: string;
  let files: DnsmasqFiles;
  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/virtnet-reading-`);
    files = { ...dnsmasqFiles({ runDir: folder, stateDir: folder }, 'f1c9c0b0-7d1e-4ad0-8a08-0f3f5e2e5b11'), folder };
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const process = (state: string) => ({ pid: 7, environment: new Map<string, string>(), state });
  const told = (secondsAgo: number): void => {
    writeFileSync(markerFile(files), marker(7, { hosts: '', addnHosts: '', servers: '' }));
    const then = Date.now() / 1000 - secondsAgo;
    utimesSync(markerFile(files), then, then);
  };

  it('is one at work that was told to just now', () => {
    told(0.1);
    expect(isReading(process('R'), files)).toBe(true);
  });

  it('is not one that sleeps: it has read, or hangs', () => {
    told(0.1);
    expect(isReading(process('S'), files)).toBe(false);
  });

  it('is not one that has been at work for longer, nor one that was never told', () => {
    expect(isReading(process('R'), files)).toBe(false);
    told(3);
    expect(isReading(process('R'), files)).toBe(false);
  });
});
