import { access, open, readlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resourceKey, type PciDriverResource } from '../../compile/host-state.ts';
import { formatPciAddress } from '../../network/pci-address.ts';
import { VirtnetError } from '../../base/errors.ts';
import { run } from '../tools/command.ts';
import { eachStep, type DirectHandler, type HostTools } from '../handler.ts';
import { concerned, forget, recall, remember } from '../memo.ts';

/** Which driver has a PCI device. A device that a guest leaves goes back to the driver that had it. */
export const sriovDrivers: DirectHandler<'pci-driver'> = {
  async observe(look, tools) {
    const found: PciDriverResource[] = [];
    for (const r of concerned('pci-driver', look, tools)) {
      if (!recall(resourceKey(r), tools)) continue; // nobody has touched it yet
      found.push({ ...r, driver: (await driverOf(tools, formatPciAddress(r.address))) ?? 'none' });
    }
    return found;
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ before, after }) => {
      if (after) await take(tools, after);
      else if (before) await giveBack(tools, before);
    });
  },
};

async function take(tools: HostTools, wanted: PciDriverResource): Promise<void> {
  const { address, driver } = wanted;
  const name = formatPciAddress(address);
  const current = await driverOf(tools, name);
  // A note that is there stays: the way back may lead to a driver that somebody else had chosen.
  if (recall(resourceKey(wanted), tools) === undefined) remember({ resource: wanted, before: current }, tools);
  if (current === driver) return;
  if (!(await exists(`${tools.sysfs}/bus/pci/drivers/${driver}`))) await run(['modprobe', driver]);
  await bind(tools, name, driver);
}

/** To the driver that it had; to none where it had none. */
async function giveBack(tools: HostTools, given: PciDriverResource): Promise<void> {
  const name = formatPciAddress(given.address);
  const memo = recall(resourceKey(given), tools);
  const original = typeof memo?.before === 'string' ? memo.before : undefined;
  if (memo && (await exists(device(tools, name))) && (await driverOf(tools, name)) !== original) {
    await checkUnused(tools, name);
    await bind(tools, name, original);
  }
  forget(resourceKey(given), tools);
}

/**
 * Hands a device to a driver, whichever has it now: the override says which one the next probe may choose (Documentation/ABI/testing/
 * sysfs-bus-pci, driver_override). Without a driver it is only let go.
 */
async function bind(tools: HostTools, name: string, driver: string | undefined): Promise<void> {
  const folder = device(tools, name);
  const isVfio = driver === 'vfio-pci';
  await writeFile(`${folder}/driver_override`, isVfio ? `${driver}\n` : '\n');
  if ((await driverOf(tools, name)) !== undefined) await writeFile(`${folder}/driver/unbind`, name);
  if (driver === undefined) return;
  const probe = isVfio ? `${tools.sysfs}/bus/pci/drivers_probe` : `${tools.sysfs}/bus/pci/drivers/${driver}/bind`;
  const failure = await writeFile(probe, name).then(
    () => undefined,
    (error: unknown) => error,
  );
  if ((await driverOf(tools, name)) === driver) {
    if (isVfio) await vfioNode(tools, name);
    return;
  }
  throw new VirtnetError({
    code: 'VNH001',
    message: `PCI device ${name} could not be bound to '${driver}'${failure instanceof Error ? `: ${failure.message}` : ''}`,
    hint: isVfio ? 'the machine needs an IOMMU that is switched on (intel_iommu=on); see `dmesg`' : 'see `dmesg`',
    details: { address: name, driver },
    cause: failure,
  });
}

/** Taking a device from vfio-pci waits in the kernel until its guest lets go, and cannot be interrupted: so it is asked first. */
async function checkUnused(tools: HostTools, name: string): Promise<void> {
  if ((await driverOf(tools, name)) !== 'vfio-pci') return;
  const node = await vfioNode(tools, name);
  try {
    if (node !== undefined) await (await open(node, 'r+')).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') return;
    throw new VirtnetError({
      code: 'VNH001',
      message: `PCI device ${name} is in use by a guest`,
      hint: 'stop the guest, or unplug the device from it, then try again',
      details: { address: name },
      cause: error,
    });
  }
}

/** The device node of a device's IOMMU group, once udev or devtmpfs has made it. */
async function vfioNode(tools: HostTools, name: string): Promise<string | undefined> {
  const group = await readlink(`${device(tools, name)}/iommu_group`).then(basename, () => undefined);
  if (group === undefined) return undefined;
  // In no-IOMMU mode the node is called noiommu-N; who uses that knows what they do.
  const node = `/dev/vfio/${group}`;
  for (let i = 0; i < 20 && !(await exists(node)); i++) await sleep(10);
  return (await exists(node)) ? node : undefined;
}

const device = (tools: HostTools, name: string): string => `${tools.sysfs}/bus/pci/devices/${name}`;

function driverOf(tools: HostTools, name: string): Promise<string | undefined> {
  return readlink(`${device(tools, name)}/driver`).then(basename, () => undefined);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
