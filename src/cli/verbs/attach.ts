import type { AttachRequest } from '../../driver/driver.ts';
import { VirtnetError } from '../../base/errors.ts';
import { OK } from '../exit.ts';
import { showFindings } from '../documents.ts';
import { readFragment } from '../fragment.ts';
import { showPlan } from '../change.ts';
import { inSandbox } from '../../host/sandbox.ts';
import { askByDhcp } from '../render/dhcp-client.ts';
import { flag, text, type Options, type Run } from '../verb.ts';
import { planView, printJson } from '../views.ts';
import { deviceOf } from '../render/port.ts';
import { bandwidthOf, vlanOf } from '../limits.ts';
import { qemuArguments } from '../render/qemu.ts';
import { sentence } from '../render/text.ts';

export const run: Run = async (io, [name = ''], options) => {
  const interfaceFile = text(options, 'interface');
  const request: AttachRequest = {
    attachment: attachmentOf(options),
    ...(interfaceFile === undefined ? {} : { document: readFragment(io, interfaceFile) }),
    ...given('mac', text(options, 'mac')),
    ...given('portgroup', text(options, 'portgroup')),
    ...(flag(options, 'isolated') ? { isolated: true } : {}),
    ...vlanOf(text(options, 'vlan'), flag(options, 'trunk')),
    ...bandwidthOf(text(options, 'bandwidth')),
    ...ownerOf(options),
  };
  await using driver = await io.openDriver();
  const { port, change } = await driver.attach(name, request, { dryRun: flag(options, 'dryRun'), signal: io.signal });
  // Only a macvtap has a node in /dev of its own.
  const hasNode = port.attachment.type === 'macvtap' && !flag(options, 'dryRun');
  const node = hasNode ? (await driver.portStatus(name)).find((status) => status.port === port.port.uuid)?.node : undefined;
  if (flag(options, 'json')) {
    const network = change.networks[0]?.name ?? name;
    io.out(printJson({ port: { network, ...port, ...(node && { node }) }, plan: planView(change.plan), applied: change.applied }));
    return OK;
  }
  showFindings(io, change.plan.diagnostics, undefined);
  if (flag(options, 'dryRun')) {
    await showPlan(io, change, options);
    return OK;
  }
  const opened = node === undefined ? '' : `, node ${node.path} (${node.user}:${node.group} ${node.mode})`;
  const made = sentence`${port.port.mac} is on ${name}: port ${port.port.uuid}, device ${deviceOf(port) ?? 'none'}${opened}`;
  const qemu = qemuArguments(port);
  if (flag(options, 'qemu') && qemu !== undefined) {
    io.err(made);
    io.out(`${qemu}\n`);
    return OK;
  }
  io.out(made);
  const a = port.attachment;
  if (a.type === 'netns') io.err(`Next: ${askByDhcp(a.netns, a.guestDev, inSandbox(io.env))}\n`);
  if (qemu !== undefined) io.err(`Next: qemu-system-x86_64 ${qemu}\n`);
  return OK;
};

function attachmentOf(options: Options): AttachRequest['attachment'] {
  const places = ['netns', 'tap', 'macvtap', 'vf'] as const;
  const [place, ...more] = places.filter((p) => options[p] !== undefined && options[p] !== false);
  if (place === undefined || more.length > 0) {
    throw new VirtnetError({
      code: 'VNU001',
      message:
        place === undefined
          ? 'attach needs --netns NS or --tap (or --macvtap, --vf)'
          : `attach takes one of --${[place, ...more].join(' and --')}, not both`,
      hint: 'virtnet attach NAME --netns NS plugs a network namespace, --tap makes a device for a virtual machine',
    });
  }
  for (const [option, places] of Object.entries(PLACES)) {
    if (options[option] === undefined || options[option] === false || places.includes(place)) continue;
    throw new VirtnetError({
      code: 'VNU001',
      message: `--${option} is not for --${place}`,
      hint: `it goes with --${places.join(' or --')}${option === 'dev' && place !== 'vf' ? '; --name names the device on the host' : ''}`,
    });
  }
  const given = text(options, place);
  const name = text(options, 'name');
  const dev = name ?? (place === 'netns' ? undefined : given);
  switch (place) {
    case 'netns':
      return {
        type: 'netns',
        netns: given ?? '',
        guestDev: text(options, 'dev') ?? 'eth0',
        ...(dev === undefined ? {} : { dev }),
      };
    case 'tap':
      return {
        type: 'tap',
        ...(flag(options, 'multiqueue') ? { multiQueue: true } : {}),
        ...holdersOf(options),
        ...(dev === undefined ? {} : { dev }),
      };
    case 'macvtap':
      return { type: 'macvtap', dev: dev ?? '', ...holdersOf(options) };
    case 'vf':
      return { type: 'hostdev' };
  }
}

/** Options that mean something for some places only. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  dev: ['netns'],
  name: ['netns', 'tap', 'macvtap'],
  multiqueue: ['tap'],
  user: ['tap', 'macvtap'],
  group: ['tap', 'macvtap'],
  qemu: ['tap', 'macvtap', 'vf'],
};

/** Who may open the device. */
function holdersOf(options: Options): { readonly user?: string; readonly group?: string } {
  return { ...given('user', text(options, 'user')), ...given('group', text(options, 'group')) };
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
