import { longerThanBytes } from '../base/utf8.ts';
import { present } from '../base/present.ts';
import { attribute, childByName, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, warn, type ReadContext, type Shape } from './context.ts';
import { FROM, unsupported, xmlError } from './libvirt-error.ts';
import { badNumber, badWord, missingAttribute, parseUnsigned, parseUuid, wrapNegative } from './values.ts';

/** The kind of switch that knows the guest: VEPA (VSI discovery), VN-Link (port profiles), Open vSwitch, MidoNet. */
export type VirtualPortType = '802.1Qbg' | '802.1Qbh' | 'openvswitch' | 'midonet';

/** `<virtualport>`; untyped ones exist in portgroups and interfaces and take the type of what they are merged with. */
export interface VirtualPort {
  readonly type?: VirtualPortType;
  /** 0-255. */
  readonly managerid?: number;
  /** 0-0xffffff. */
  readonly typeid?: number;
  /** 0-255. */
  readonly typeidversion?: number;
  readonly instanceid?: string;
  readonly interfaceid?: string;
  readonly profileid?: string;
}

const TYPES: readonly VirtualPortType[] = ['802.1Qbg', '802.1Qbh', 'openvswitch', 'midonet'];
type Parameter = Exclude<keyof VirtualPort, 'type'>;
const PARAMETERS: readonly Parameter[] = ['managerid', 'typeid', 'typeidversion', 'instanceid', 'interfaceid', 'profileid'];
const SHAPE: Shape = { attributes: ['type'], children: ['parameters'] };
const PARAMETER_SHAPE: Shape = { attributes: PARAMETERS, children: [] };

/** The parameters that each type of virtualport has, in the order in which libvirt looks for others. */
const OWN: Readonly<Record<VirtualPortType, readonly Parameter[]>> = {
  '802.1Qbg': ['managerid', 'typeid', 'typeidversion', 'instanceid'],
  '802.1Qbh': ['profileid'],
  openvswitch: ['interfaceid', 'profileid'],
  midonet: ['interfaceid'],
};

/**
 * Reads `<virtualport>`; undefined when it is refused or says nothing (unless `keepEmpty`: an interface or port with an untyped one is
 * refused when it is plugged). In a network the type is required.
 */
export function readVirtualPort(
  context: ReadContext,
  element: XmlElement,
  options: { readonly typeRequired?: boolean; readonly keepEmpty?: boolean } = {},
): VirtualPort | undefined {
  checkShape(context, element, SHAPE);
  const typeText = attribute(element, 'type');
  const type = TYPES.find((t) => t === typeText);
  if (typeText === undefined) {
    if (options.typeRequired === true) {
      missingAttribute(context, element, 'type', xmlError('missing required virtualport type', FROM.none));
      return undefined;
    }
  } else if (type === undefined) {
    badWord(context, element, 'type', TYPES, unsupported(`unknown virtualport type ${typeText}`, FROM.none));
    return undefined;
  }
  const parametersElement = childByName(element, 'parameters');
  const parameters = parametersElement ? readParameters(context, parametersElement) : {};
  if (type !== undefined) checkNoExtras(context, parametersElement ?? element, type, parameters);
  if (type === undefined && Object.keys(parameters).length === 0 && options.keepEmpty !== true) return undefined;
  const port = present<VirtualPort>({ type, ...parameters });
  context.origins.set(port, element);
  return port;
}

function readParameters(context: ReadContext, element: XmlElement): Omit<VirtualPort, 'type'> {
  checkShape(context, element, PARAMETER_SHAPE);
  const managerid = readNumber(context, element, 'managerid', 0xff, 'value of managerid out of range');
  const typeid = readNumber(context, element, 'typeid', 0xffffff, 'value for typeid out of range');
  const typeidversion = readNumber(context, element, 'typeidversion', 0xff, 'value of typeidversion out of range');
  const instanceid = readId(context, element, 'instanceid');
  const profileText = attribute(element, 'profileid');
  const profileid = profileText === '' ? undefined : profileText;
  if (profileid !== undefined && longerThanBytes(profileid, 39)) {
    refuse(context, element, {
      code: 'VNM012',
      message: 'profileid is longer than 39 bytes',
      attribute: 'profileid',
      found: profileid,
      allowed: 'at most 39 bytes',
      hint: 'shorten it: the kernel interface holds 40 bytes with the final NUL',
      libvirt: xmlError('profileid parameter too long', FROM.none),
    });
  }
  const interfaceid = readId(context, element, 'interfaceid');
  return present<Omit<VirtualPort, 'type'>>({
    managerid,
    typeid,
    typeidversion,
    instanceid,
    interfaceid,
    profileid,
  });
}

function readNumber(context: ReadContext, element: XmlElement, name: Parameter, max: number, outOfRange: string): number | undefined {
  const text = attribute(element, name);
  if (text === undefined) return undefined;
  const value = parseUnsigned(text, undefined, 0);
  if (value !== undefined && value <= max) return value;
  const wrapped = value === undefined ? wrapNegative(text) : undefined;
  if (wrapped !== undefined && wrapped <= max) {
    refuse(context, element, {
      code: 'VNM060',
      message: `'${text}' is negative`,
      attribute: name,
      found: text,
      hint: `write a number from 0 to ${String(max)}`,
    });
    return undefined;
  }
  const message = value === undefined && wrapped === undefined ? `cannot parse value of ${name} parameter` : outOfRange;
  badNumber(context, element, name, xmlError(message, FROM.none), `a number from 0 to ${String(max)}`);
  return undefined;
}

function readId(context: ReadContext, element: XmlElement, name: 'instanceid' | 'interfaceid'): string | undefined {
  const text = attribute(element, name);
  if (text === undefined) return undefined;
  const uuid = parseUuid(text);
  if (uuid === undefined) {
    refuse(context, element, {
      code: 'VNM007',
      message: `'${text}' is no uuid`,
      attribute: name,
      found: text,
      hint: 'write 32 hex digits, with or without dashes',
      libvirt: xmlError(`cannot parse ${name} parameter as a uuid`, FROM.none),
    });
  }
  return uuid;
}

function checkNoExtras(context: ReadContext, element: XmlElement, type: VirtualPortType, parameters: Omit<VirtualPort, 'type'>): void {
  const own = OWN[type];
  if (type === 'midonet') {
    warnIgnored(context, element, parameters);
    return;
  }
  const order: readonly Parameter[] =
    type === '802.1Qbg' ? ['profileid', 'interfaceid'] : ['managerid', 'typeid', 'typeidversion', 'instanceid', 'profileid', 'interfaceid'];
  for (const name of order) {
    if (own.includes(name) || parameters[name] === undefined) continue;
    refuse(context, element, {
      code: 'VNM047',
      message: `a virtualport of type ${type} has no ${name}`,
      attribute: name,
      found: String(parameters[name]),
      allowed: own.join(', '),
      hint: `remove ${name}`,
      libvirt: xmlError(`extra ${name} unsupported in <virtualport type='${type}'>`, FROM.net),
    });
  }
}

/** libvirt reads any parameter for midonet and writes none but interfaceid. */
function warnIgnored(context: ReadContext, element: XmlElement, parameters: Omit<VirtualPort, 'type'>): void {
  for (const name of PARAMETERS) {
    if (name === 'interfaceid' || parameters[name] === undefined) continue;
    warn(context, element, {
      code: 'VNM047',
      message: `a virtualport of type midonet has no ${name}; it is left out`,
      attribute: name,
      allowed: 'interfaceid',
      hint: `remove ${name}`,
    });
  }
}

/** Writes `<virtualport>`. */
export function writeVirtualPort(writer: XmlWriter, port: VirtualPort): void {
  const parameters = PARAMETERS.filter((name) => port[name] !== undefined);
  if (parameters.length === 0) {
    if (port.type !== undefined) writer.empty('virtualport', [['type', port.type]]);
    return;
  }
  writer.element('virtualport', [['type', port.type]], () => {
    writer.empty(
      'parameters',
      parameters.filter((name) => port.type !== 'midonet' || name === 'interfaceid').map((name) => [name, port[name]] as const),
    );
  });
}
