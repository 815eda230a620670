import type { Diagnostic, Result } from '../base/diagnostic.ts';
import type { VirtualPort } from '../network/virtualport.ts';

/** A virtualport with the words for where it stands: "the interface", "portgroup 'web'", "network 'lan'". */
export interface PlacedVirtualPort {
  readonly place: string;
  readonly virtualport: VirtualPort;
  /** The guest's own: it counts even when nothing gives a type (a portgroup's untyped one then does not). */
  readonly own?: boolean;
}

type Parameter = Exclude<keyof VirtualPort, 'type'>;

/** In the order in which libvirt compares them, with the plural of its messages; texts are quoted in them, numbers are not. */
const PARAMETERS: readonly { readonly name: Parameter; readonly plural: string; readonly quoted: boolean }[] = [
  { name: 'managerid', plural: 'managerids', quoted: false },
  { name: 'typeid', plural: 'typeids', quoted: false },
  { name: 'typeidversion', plural: 'typeidversions', quoted: false },
  { name: 'instanceid', plural: 'instanceids', quoted: true },
  { name: 'interfaceid', plural: 'interfaceids', quoted: true },
  { name: 'profileid', plural: 'profileids', quoted: true },
];

/** Which parameters a type knows; the others are dropped once the type is settled, as libvirt does when it prints. */
const KNOWN: Readonly<Record<NonNullable<VirtualPort['type']>, readonly Parameter[]>> = {
  '802.1Qbg': ['managerid', 'typeid', 'typeidversion', 'instanceid'],
  '802.1Qbh': ['profileid'],
  openvswitch: ['interfaceid', 'profileid'],
  midonet: ['interfaceid'],
};

/** Which of them must be there after merging. The uuids of 802.1Qbg and openvswitch may be made up, so they are not in the list. */
const NEEDED: Readonly<Record<NonNullable<VirtualPort['type']>, readonly Parameter[]>> = {
  '802.1Qbg': ['managerid', 'typeid', 'typeidversion'],
  '802.1Qbh': ['profileid'],
  openvswitch: [],
  midonet: ['interfaceid'],
};

/**
 * Merges virtualports parameter by parameter; `placed` runs in libvirt's order: interface, network, portgroup. An untyped one takes
 * the type of the others, and parameters that the settled type does not know are dropped. A parameter with two values is refused
 * (VNI202, libvirt 27), naming both places. When none has a type the guest's own untyped one is the answer, or undefined.
 */
export function mergeVirtualPorts(placed: readonly PlacedVirtualPort[]): Result<VirtualPort | undefined> {
  if (!placed.some((p) => p.virtualport.type !== undefined)) {
    return { ok: true, value: placed.find((p) => p.own)?.virtualport, diagnostics: [] };
  }
  let merged: VirtualPort = {};
  const from: Partial<Record<keyof VirtualPort, string>> = {};
  for (const { place, virtualport } of placed) {
    const { type } = virtualport;
    if (type !== undefined && merged.type !== undefined && type !== merged.type) {
      return refusal('type', merged.type, from.type, type, place, `mismatched types (${merged.type} and ${type})`);
    }
    if (type !== undefined && merged.type === undefined) {
      merged = { ...merged, type };
      from.type = place;
    }
    for (const { name, plural, quoted } of PARAMETERS) {
      const theirs = virtualport[name];
      if (theirs === undefined) continue;
      const ours = merged[name];
      if (ours !== undefined) {
        if (ours === theirs || !isCompared(merged.type, name)) continue;
        const values = quoted ? `('${String(ours)}' and '${String(theirs)}')` : `(${String(ours)} and ${String(theirs)})`;
        return refusal(name, ours, from[name], theirs, place, `mismatched ${plural} ${values}`);
      }
      from[name] = place;
      merged = { ...merged, [name]: theirs };
    }
  }
  return { ok: true, value: withoutForeignParameters(merged), diagnostics: [] };
}

/** Only parameters of the type so far are compared; those of midonet are not, the first one's stand. */
function isCompared(type: VirtualPort['type'], name: Parameter): boolean {
  return type === undefined || (type !== 'midonet' && KNOWN[type].includes(name));
}

function withoutForeignParameters(merged: VirtualPort): VirtualPort {
  if (merged.type === undefined) return merged;
  const known: readonly string[] = ['type', ...KNOWN[merged.type]];
  return Object.fromEntries(Object.entries(merged).filter(([name]) => known.includes(name)));
}

function refusal(
  what: string,
  ours: string | number,
  ourPlace: string | undefined,
  theirs: string | number,
  theirPlace: string,
  libvirtWords: string,
): Result<never> {
  const diagnostic: Diagnostic = {
    code: 'VNI202',
    severity: 'error',
    message: `virtualport ${what} is '${String(ours)}' in ${ourPlace ?? 'one place'} and '${String(theirs)}' in ${theirPlace}`,
    hint: `give ${what} in one of the two places, or the same value in both`,
    related: [{ message: `'${String(ours)}' in ${ourPlace ?? 'one place'}` }, { message: `'${String(theirs)}' in ${theirPlace}` }],
    libvirt: { code: 27, domain: 11, message: `XML error: attempt to merge virtualports with ${libvirtWords}` },
  };
  return { ok: false, diagnostics: [diagnostic] };
}

/** The diagnostic for the first needed parameter that is missing (VNI203, libvirt 27); undefined when complete. */
export function checkComplete(virtualport: VirtualPort): Diagnostic | undefined {
  const { type } = virtualport;
  if (type === undefined) return undefined;
  const missing = NEEDED[type].find((name) => virtualport[name] === undefined);
  if (missing === undefined) return undefined;
  return {
    code: 'VNI203',
    severity: 'error',
    message: `the ${type} virtualport has no ${missing}`,
    hint: `give ${missing} in <parameters> of the interface, its portgroup or the network`,
    libvirt: { code: 27, domain: 11, message: `XML error: missing ${missing} in <virtualport type='${type}'>` },
  };
}

/** The uuid parameter that must be made up before the port can be used: libvirt takes a random one and stores it in the port. */
export function missingUuidOf(virtualport: VirtualPort): 'instanceid' | 'interfaceid' | undefined {
  if (virtualport.type === '802.1Qbg' && virtualport.instanceid === undefined) return 'instanceid';
  if (virtualport.type === 'openvswitch' && virtualport.interfaceid === undefined) return 'interfaceid';
  return undefined;
}
