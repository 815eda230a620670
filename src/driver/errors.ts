import type { Diagnostic, LibvirtError } from '../base/diagnostic.ts';
import { VirtnetError } from '../base/errors.ts';

/** libvirt's error numbers (`VIR_ERR_*`) that the driver gives, and the words that libvirt puts before its details. */
const PREFIX: Readonly<Record<number, string>> = {
  1: 'internal error: ',
  8: 'invalid argument: ',
  9: 'operation failed: ',
  27: 'XML error: ',
  43: 'Network not found: ',
  44: 'invalid MAC address: ',
  55: 'Requested operation is not valid: ',
  67: 'unsupported configuration: ',
  82: 'numerical overflow: ',
  84: 'Operation not supported: ',
  92: 'XML document failed to validate against schema: ',
  111: 'metadata not found: ',
};

/** The detail of a whole libvirt message: what stands behind the words of its code. */
function detailOf(error: LibvirtError): { readonly code: number; readonly domain: number; readonly message: string } {
  const prefix = PREFIX[error.code] ?? '';
  const message = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message;
  return { code: error.code, domain: error.domain ?? 19, message };
}

/** A document (or a request in one) was refused: the error of its first finding that libvirt has an error for, else of the first. */
export function refused(diagnostics: readonly Diagnostic[]): VirtnetError {
  const errors = diagnostics.filter((d) => d.severity === 'error');
  const first = errors.find((d) => d.libvirt !== undefined) ?? errors[0];
  if (first === undefined) throw new TypeError('refused without an error');
  return new VirtnetError({
    code: first.code,
    message: errors.length > 1 ? `${first.message} (and ${String(errors.length - 1)} more)` : first.message,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    diagnostics,
    libvirt: first.libvirt === undefined ? { code: 1, message: first.message } : detailOf(first.libvirt),
  });
}

function failure(code: string, libvirtCode: number, message: string, hint: string | undefined, libvirtMessage = message): VirtnetError {
  return new VirtnetError({
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    libvirt: { code: libvirtCode, domain: 19, message: libvirtMessage },
  });
}

export const notFoundByName = (name: string, nearest?: string): VirtnetError =>
  failure(
    'VND001',
    43,
    `no network named '${name}'`,
    nearest === undefined ? 'see `virtnet list`' : `did you mean '${nearest}'?`,
    `no network with matching name '${name}'`,
  );

export const notFoundByUuid = (uuid: string): VirtnetError =>
  failure('VND001', 43, `no network with uuid ${uuid}`, 'see `virtnet list`', `no network with matching uuid '${uuid}'`);

export const nameTaken = (name: string, uuid: string): VirtnetError =>
  failure(
    'VND002',
    9,
    `network '${name}' already exists with uuid ${uuid}`,
    'give the document that uuid to change the network, or choose another name',
  );

export const uuidTaken = (name: string, uuid: string): VirtnetError =>
  failure('VND002', 9, `network '${name}' is already defined with uuid ${uuid}`, 'leave the uuid out of a copy: a new one is made');

const CHANGE_IT = 'use `virtnet up FILE` to change it while it runs';

/** A document of a network that runs. */
export const alreadyActive = (name: string): VirtnetError => failure('VND003', 55, `network is already active as '${name}'`, CHANGE_IT);

/** A start of a network that runs. */
export const alreadyRuns = (name: string): VirtnetError =>
  failure('VND003', 55, `network '${name}' is already active`, CHANGE_IT, 'network is already active');

export const notActive = (name: string): VirtnetError =>
  failure('VND003', 55, `network '${name}' is not active`, `start it with \`virtnet start ${name}\``);

/** A stop of a network that does not run. */
export const alreadyStopped = (name: string): VirtnetError =>
  failure('VND003', 55, `network '${name}' is not active`, 'it is stopped already');

/** What libvirt says when only the live document was asked for. */
export const notRunning = (): VirtnetError =>
  failure('VND003', 55, 'network is not running', 'start it first, or change its stored definition');

export const undefineTransient = (): VirtnetError =>
  failure('VND010', 55, "can't undefine transient network", 'it has no stored definition; stop it with `virtnet down`');

export const autostartTransient = (): VirtnetError =>
  failure('VND010', 55, 'cannot set autostart for transient network', 'define it first');

export const configOfTransient = (): VirtnetError =>
  failure('VND010', 55, 'cannot change persistent config of a transient network', 'define it first, or change the running one only');

export const bridgeTaken = (bridge: string, by: string): VirtnetError =>
  failure('VND015', 1, `bridge name '${bridge}' already in use.`, `network '${by}' has it; leave the name out and a free one is chosen`);

export const noFreeBridge = (pattern: string): VirtnetError =>
  failure(
    'VND015',
    1,
    `no free bridge name of the form '${pattern}'`,
    'name the bridge in the document',
    'Bridge generation exceeded max id 256',
  );

export const noPort = (uuid: string): VirtnetError =>
  failure('VND004', 107, `no port '${uuid}'`, 'see `virtnet ports`', `Network port with UUID ${uuid} does not exist`);

export const portExists = (uuid: string): VirtnetError =>
  failure('VND011', 106, `a port with uuid ${uuid} exists`, undefined, `Network port with UUID ${uuid} already exists`);

export const invalidArgument = (message: string, hint?: string): VirtnetError => failure('VND016', 8, message, hint);

/** libvirt's XML code (domain 5) gives the namespace of an element of `<metadata>`, and tells of it as an internal error. */
export const namespaceRefused = (message: string, hint: string, libvirtMessage: string): VirtnetError =>
  new VirtnetError({ code: 'VND016', message, hint, libvirt: { code: 1, domain: 5, message: libvirtMessage } });

export const noMetadata = (): VirtnetError => failure('VND012', 111, 'Requested metadata element is not present', undefined);

export const noVirtualFunctions = (pf: string, exists: boolean): VirtnetError => {
  const libvirt = `No usable Vf's present on SRIOV PF ${pf}`;
  return exists
    ? failure(
        'VNC010',
        1,
        `physical function '${pf}' has no virtual functions`,
        `make some: echo 4 > /sys/class/net/${pf}/device/sriov_numvfs`,
        libvirt,
      )
    : failure('VNC004', 1, `physical function '${pf}' does not exist`, 'check the name with `ip link`', libvirt);
};

export const twiceInOneCall = (name: string): VirtnetError =>
  failure('VND002', 9, `two of the documents are about the network '${name}'`, 'give one document a network');

export const changedMeanwhile = (name: string): VirtnetError =>
  failure(
    'VND019',
    9,
    `network '${name}' was changed by somebody else since it was opened`,
    `see what it says now: virtnet dumpxml ${name} --inactive`,
  );

/** An edited document that gives its network another name. */
export const anotherName = (name: string, other: string): VirtnetError =>
  failure(
    'VND016',
    8,
    `a network keeps its name, and the document of '${name}' says '${other}'`,
    'give it back its name; a copy, without uuid and bridge name, is made with `virtnet define FILE`',
  );

/** @param words what names each of them alone */
export const ambiguousPort = (name: string, words: readonly string[]): VirtnetError =>
  failure('VND004', 107, `'${name}' names ${String(words.length)} ports`, `give one of ${words.join(', ')}`);

export const macTaken = (mac: string, network: string): VirtnetError =>
  failure('VND011', 106, `a guest of network '${network}' has the MAC address ${mac} already`, 'choose another, or leave it out');

export const badMac = (text: string): VirtnetError =>
  failure('VND016', 44, `'${text}' is no MAC address`, 'write six pairs of hex digits', text);

export const unreadable = (name: string, problem: Diagnostic): VirtnetError =>
  unusable(name, problem, { code: 1, message: problem.message });

/** The same where the network is looked for: for libvirt it is not there. */
export const notReadable = (name: string, problem: Diagnostic): VirtnetError =>
  unusable(name, problem, { code: 43, message: `no network with matching name '${name}'` });

function unusable(name: string, problem: Diagnostic, libvirt: LibvirtError): VirtnetError {
  return new VirtnetError({
    code: 'VND005',
    message: `network '${name}' has a stored definition that cannot be used: ${problem.message}`,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    libvirt: { ...libvirt, domain: 19 },
  });
}
