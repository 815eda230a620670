import { readlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { formatPciAddress, resourceKey } from '../compile/host-state.ts';
import type { PciDriverResource } from '../compile/host-state.ts';
import { VirtnetError } from '../base/errors.ts';
import { tryRun } from './command.ts';
import { eachStep } from './handler.ts';
import type { DirectHandler, HostTools } from './handler.ts';
import { concerned, forget, recall, remember } from './memo.ts';

/** PCI devices bound to a driver that hands them to a guest; given back to their own driver afterwards. */
export const pciDrivers: DirectHandler<'pci-driver'> = {
  async observe(look, tools) {
    const found = await Promise.all(
      (await concerned('pci-driver', look, tools)).map(async (r): Promise<PciDriverResource[]> => {
        const driver = await driverOf(formatPciAddress(r.address), tools);
        if (driver === undefined) return [];
        // A device that still has its own driver is no resource of ours yet, unless we had bound it and somebody took it back.
        const isNoted = (await recall(resourceKey(r), tools)) !== undefined;
        return driver === r.driver || isNoted ? [{ ...r, driver }] : [];
      }),
    );
    return found.flat();
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ op, before, after, key }) => {
      const r = after ?? before;
      if (!r) return;
      const address = formatPciAddress(r.address);
      if (op === 'delete' || !after) {
        // Without an override the kernel gives the device to the driver that claims its kind.
        await bind(address, '', tools);
        await forget(key, tools);
        return;
      }
      await remember({ resource: after, before: await driverOf(address, tools) }, tools);
      await tryRun(['modprobe', '--', after.driver]).catch(() => undefined); // it may be built in; a bind that fails says so
      await bind(address, after.driver, tools);
      if ((await driverOf(address, tools)) !== after.driver)
        throw new VirtnetError({
          code: 'VNC005',
          message: `the device ${address} does not take the driver '${after.driver}'`,
          hint:
            after.driver === 'vfio-pci' ? 'switch on the IOMMU (intel_iommu=on or the like on the kernel command line)' : 'load the driver',
          details: { address, driver: after.driver },
        });
    });
  },
};

async function driverOf(address: string, tools: HostTools): Promise<string | undefined> {
  return readlink(`${tools.sysfs}/bus/pci/devices/${address}/driver`).then(basename, () => undefined);
}

/** Binds by driver_override (Linux 3.16): the override, then off the old driver, then a new probe. */
async function bind(address: string, driver: string, tools: HostTools): Promise<void> {
  const device = `${tools.sysfs}/bus/pci/devices/${address}`;
  try {
    await writeFile(`${device}/driver_override`, `${driver}\n`);
    if ((await driverOf(address, tools)) !== undefined) await writeFile(`${device}/driver/unbind`, address);
    await writeFile(`${tools.sysfs}/bus/pci/drivers_probe`, address);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new VirtnetError({
      code: code === 'EACCES' || code === 'EPERM' ? 'VNH003' : 'VNH001',
      message: `cannot bind ${address} to '${driver}': ${(error as Error).message}`,
      details: { address, driver },
      cause: error,
    });
  }
}
