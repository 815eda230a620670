import { readlinkSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import type { VfFact } from '../../compile/facts.ts';
import type { PciAddress } from '../../network/pci-address.ts';

/** The virtual functions of all SR-IOV cards, as /sys/class/net/PF/device/virtfnN tells them. */
export async function readVfs(sysfs: string): Promise<readonly VfFact[]> {
  const devices = await readdir(`${sysfs}/class/net`).catch(() => []);
  const vfs = await Promise.all(devices.filter((dev) => !isVirtual(sysfs, dev)).map((pf) => vfsOf(sysfs, pf)));
  return vfs.flat();
}

/** True for a bridge, veth, tap and their like, which may be a thousand: the kernel keeps them below `devices/virtual`. */
function isVirtual(sysfs: string, dev: string): boolean {
  try {
    return readlinkSync(`${sysfs}/class/net/${dev}`).includes('/virtual/');
  } catch {
    return false; // no link: it went away while we looked, or is a file like bonding_masters
  }
}

async function vfsOf(sysfs: string, pf: string): Promise<readonly VfFact[]> {
  const folder = `${sysfs}/class/net/${pf}/device`;
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name): Promise<VfFact[]> => {
      const index = /^virtfn(\d+)$/.exec(name)?.[1];
      if (index === undefined) return [];
      const [target, dev, driver] = await Promise.all([
        readlink(`${folder}/${name}`).catch(() => ''),
        readdir(`${folder}/${name}/net`).then(
          (list) => list[0],
          () => undefined,
        ),
        readlink(`${folder}/${name}/driver`).then(basename, () => undefined),
      ]);
      const address = parsePciAddress(basename(target));
      if (!address) return [];
      return [{ pf, index: Number(index), address, ...(dev === undefined ? {} : { dev }), ...(driver === undefined ? {} : { driver }) }];
    }),
  );
  return found.flat().sort((a, b) => a.index - b.index);
}

/** Reads `0000:04:00.1`. */
function parsePciAddress(text: string): PciAddress | undefined {
  const m = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/.exec(text);
  if (!m) return undefined;
  const [domain, bus, slot, fn] = m.slice(1).map((part) => parseInt(part, 16)) as [number, number, number, number];
  return { domain, bus, slot, function: fn };
}
