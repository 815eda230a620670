import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSystemErrorMap } from 'node:util';
import type { AssociationResource, ProfileSpec } from '../../compile/host-state.ts';
import { VirtnetError } from '../../base/errors.ts';
import { cleanEnvironment, spawnError, toolError } from '../tools/command.ts';
import type { HostTools } from '../handler.ts';
import { linkRequest, listAttributes, readAnswer, readAttributes, RTM, text, u32, type Answer, type Attribute } from './netlink-message.ts';

/** Numbers of linux/if_link.h. */
const IFLA = { vfPorts: 24, portSelf: 25, extMask: 29 } as const;
const VF_PORT = 1;
const PORT = { vf: 1, profile: 2, instance: 4, request: 6, response: 7 } as const;
const REQUEST = { associate: 2, disassociate: 3 } as const;
/** RTEXT_FILTER_VF: the answer tells of virtual functions too. */
const WITH_VFS = 1;
const RESPONSE = { success: 256, inProgress: 257 } as const;
const RESPONSES: Readonly<Record<number, string>> = {
  258: 'the profile is not valid',
  259: 'the port is in a state that does not allow it',
  260: 'the switch has no resources left',
  261: 'the switch reports an error',
};

/** The switch answers the card in its own time; libvirt waits as long. Milliseconds. */
const LONGEST_WAIT_MS = 30_000;
const PAUSE_MS = 125;

/** Asks the card to have its switch apply a port profile (802.1Qbh), and waits for the word of both. */
export async function associateProfile({ device, spec }: Profile, tools: HostTools): Promise<void> {
  await request(device, spec, REQUEST.associate, tools);
  for (let waited = 0; waited < LONGEST_WAIT_MS; waited += PAUSE_MS) {
    const response = await responseOf(device, spec, tools);
    if (response === undefined || response === RESPONSE.success) return; // a card that tells nothing has taken it
    if (response !== RESPONSE.inProgress) throw refusal(device, RESPONSES[response] ?? `the card answers ${String(response)}`);
    await sleep(PAUSE_MS);
  }
  throw refusal(device, 'the switch did not answer in time');
}

/** Ends the profile. A card that is gone has none. */
export async function disassociateProfile({ device, spec }: Profile, tools: HostTools): Promise<void> {
  if (indexOf(device, tools) !== undefined) await request(device, spec, REQUEST.disassociate, tools);
}

type Profile = Pick<AssociationResource, 'device'> & { readonly spec: ProfileSpec };

/**
 * The message: of a virtual function's port, or of the device's own. libvirt gives the device's own also the guest's address, for a virtual
 * function of number -1, which kernels such as 6.18 refuse.
 */
function profileRequest(index: number, { vf, profileid, instance }: ProfileSpec, operation: number): Buffer {
  const port: readonly Attribute[] = [
    [PORT.profile, text(profileid)],
    [PORT.instance, Buffer.from(instance.replaceAll('-', ''), 'hex')],
    [PORT.request, Buffer.from([operation])],
  ];
  return linkRequest(RTM.setLink, index, [
    vf === undefined ? [IFLA.portSelf, port] : [IFLA.vfPorts, [[VF_PORT, [[PORT.vf, u32(vf)], ...port]]]],
  ]);
}

async function request(device: string, spec: ProfileSpec, operation: number, tools: HostTools): Promise<void> {
  const answer = await talk(profileRequest(indexOrFail(device, tools), spec, operation));
  if (answer === undefined || !('errno' in answer)) throw refusal(device, 'the kernel gave no answer');
  if (answer.errno === 0) return;
  const [name = '', words = ''] = getSystemErrorMap().get(-answer.errno) ?? [];
  // Only cards whose driver speaks to such a switch (enic) take a profile.
  if (name === 'ENOTSUP' || name === 'EOPNOTSUPP') throw refusal(device, `'${device}' takes no port profiles`);
  throw toolError('rtnetlink', `${name} ${words}`, { device, errno: answer.errno });
}

/** What the card says of the last request; undefined when it says nothing. */
async function responseOf(device: string, { vf }: ProfileSpec, tools: HostTools): Promise<number | undefined> {
  const answer = await talk(linkRequest(RTM.getLink, indexOrFail(device, tools), [[IFLA.extMask, u32(WITH_VFS)]]));
  if (!answer || !('attributes' in answer)) return undefined;
  const { attributes } = answer;
  const ports = listAttributes(attributes.get(IFLA.vfPorts) ?? Buffer.alloc(0)).map(([, port]) => readAttributes(port));
  const self = attributes.get(IFLA.portSelf);
  const port = vf === undefined ? self && readAttributes(self) : ports.find((p) => p.get(PORT.vf)?.readUInt32LE(0) === vf);
  return port?.get(PORT.response)?.readUInt16LE(0);
}

/** Sends one message to the kernel and gives its answer. Node.js has no netlink sockets and ip(8) no port profiles: socat(1) carries it. */
function talk(message: Buffer): Promise<Answer | undefined> {
  // AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, and the kernel's address: all of sockaddr_nl after the family is 0.
  const args = ['-t', '0.3', '-b', '65536', '-', `SOCKET-DATAGRAM:16:3:0:x${'00'.repeat(10)}`];
  return new Promise((resolve, reject) => {
    const child = execFile('socat', args, { encoding: 'buffer', env: cleanEnvironment(), timeout: 10_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(readAnswer(stdout));
      else reject(error.code === 'ENOENT' ? spawnError('socat', error) : toolError('socat', stderr.toString('utf8'), {}));
    });
    child.stdin?.on('error', () => undefined); // told by the exit status
    child.stdin?.end(message);
  });
}

function indexOf(device: string, tools: HostTools): number | undefined {
  try {
    return Number(readFileSync(`${tools.sysfs}/class/net/${device}/ifindex`, 'utf8'));
  } catch {
    return undefined; // the device is gone
  }
}

function indexOrFail(device: string, tools: HostTools): number {
  const index = indexOf(device, tools);
  if (index === undefined) throw refusal(device, `device '${device}' does not exist`);
  return index;
}

function refusal(device: string, words: string): VirtnetError {
  return new VirtnetError({
    code: 'VNH001',
    message: `802.1Qbh on '${device}': ${words}`,
    hint: 'use a card and a switch with port profiles, or leave the virtualport out',
    details: { device },
  });
}
