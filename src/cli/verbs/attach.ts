import type { AttachRequest } from '../../driver/driver.ts';
import { VirtnetError } from '../../base/errors.ts';
import { OK } from '../exit.ts';
import { showFindings } from '../documents.ts';
import { readFragment } from '../fragment.ts';
import { showPlan } from '../change.ts';
import { flag, text, type Options, type Run } from '../verb.ts';
import { planView, printJson } from '../views.ts';
import { deviceOf } from '../render/port.ts';

export const run: Run = async (io, [name = ''], options) => {
  const interfaceFile = text(options, 'interface');
  const request: AttachRequest = {
    attachment: attachmentOf(options),
    ...(interfaceFile === undefined ? {} : { document: readFragment(io, interfaceFile) }),
    ...given('mac', text(options, 'mac')),
    ...given('portgroup', text(options, 'portgroup')),
    ...(flag(options, 'isolated') ? { isolated: true } : {}),
    ...ownerOf(options),
  };
  await using driver = await io.openDriver();
  const { port, change } = await driver.attach(name, request, { dryRun: flag(options, 'dryRun'), signal: io.signal });
  if (flag(options, 'json')) {
    io.out(printJson({ port: { network: name, ...port }, plan: planView(change.plan), applied: change.applied }));
    return OK;
  }
  showFindings(io, change.plan.diagnostics, undefined);
  if (flag(options, 'dryRun')) {
    await showPlan(io, change, options);
    return OK;
  }
  io.out(`${port.port.mac} is on ${name}: port ${port.port.uuid}, device ${deviceOf(port) ?? 'none'}\n`);
  const a = port.attachment;
  if (a.type === 'netns') io.err(`Next: ip netns exec ${a.netns} udhcpc -i ${a.guestDev}\n`);
  if (a.type === 'tap')
    io.err(
      `Next: qemu-system-x86_64 -netdev tap,id=n0,ifname=${a.dev},script=no,downscript=no -device virtio-net-pci,netdev=n0,mac=${port.port.mac}\n`,
    );
  return OK;
};

function attachmentOf(options: Options): AttachRequest['attachment'] {
  const netns = text(options, 'netns');
  const tap = options['tap'];
  if ((netns !== undefined) === (tap !== undefined)) {
    throw new VirtnetError({
      code: 'VNU001',
      message: netns === undefined ? 'attach needs --netns NS or --tap' : 'attach takes --netns or --tap, not both',
      hint: 'virtnet attach NAME --netns NS plugs a network namespace, --tap makes a device for a virtual machine',
    });
  }
  if (netns !== undefined) return { type: 'netns', netns, guestDev: text(options, 'dev') ?? 'eth0' };
  return typeof tap === 'string' ? { type: 'tap', dev: tap } : { type: 'tap' };
}

/** The guest's name: as given, or the namespace's. */
function ownerOf(options: Options): Pick<AttachRequest, 'owner'> {
  const netns = text(options, 'netns');
  const name =
    text(options, 'owner') ?? (netns === undefined || text(options, 'interface') !== undefined ? undefined : netns.split('/').at(-1));
  return name === undefined ? {} : { owner: { name } };
}

function given<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, string>>);
}
