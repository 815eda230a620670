import type { Diagnostic, Result } from '../base/diagnostic.ts';
import { formatIp, network as subnetNetwork, parseIp, parseSubnet } from '../inet/index.ts';
import type { Network } from '../network/network.ts';
import { textAttribute } from '../network/values.ts';
import { elements, type XmlElement } from '../xml/node.ts';
import { parseXml } from '../xml/parse.ts';
import { serializeNode } from '../xml/serialize.ts';
import { emptyElement, escapeXml } from '../xml/write.ts';
import { formatSource, FORWARDS_NAMESPACE } from './forward.ts';

/** What a `<forward>` listens on, as its attributes say it. */
export interface ForwardListen {
  /** `tcp` or `udp`. */
  readonly proto: string;
  /** An address of the host; absent: all of them. */
  readonly address?: string | undefined;
  /** The first port, 1 to 65535. */
  readonly port: number;
  /** The last one, of a range. */
  readonly end?: number | undefined;
}

/** A `<forward>` that is asked for. */
export interface ForwardRequest extends ForwardListen {
  /** The guest: its fixed name, MAC address or address. */
  readonly to: string;
  readonly toPort?: number | undefined;
  /** Addresses and subnets of who may; everybody without any. */
  readonly sources?: readonly string[] | undefined;
}

/** Forwards to take away, and then to add. */
export interface ForwardsChange {
  readonly add?: readonly ForwardRequest[] | undefined;
  readonly remove?: readonly ForwardListen[] | undefined;
}

/** True when a `<forward>` of the network listens just there, whether it can be or not. */
export function listensOn(network: Network, listen: ForwardListen): boolean {
  return forwardElements(network).some((element) => keyOf(listenOf(element)) === keyOf(listen));
}

function forwardElements(network: Network): readonly XmlElement[] {
  const xml = network.metadata.find((m) => m.namespace === FORWARDS_NAMESPACE)?.xml;
  const root = xml === undefined ? undefined : parseXml(xml).document?.root;
  return root ? elements(root).filter(isForward) : [];
}

/**
 * The network with its `<forwards>` changed; what else stands there stays as it is. One that is to be added and is there already, all the
 * same, changes nothing. Whether the new ones can be is for `forwardsOf` to say.
 * @returns VNE004 where another forward listens there, VNE005 where one that is to go is not there.
 */
export function editForwards(network: Network, { add = [], remove = [] }: ForwardsChange): Result<Network> {
  const before = network.metadata.find((m) => m.namespace === FORWARDS_NAMESPACE);
  const root = parseXml(before?.xml ?? NEW).document?.root;
  if (!root) throw new TypeError('metadata that is no XML'); // the text is one that our own writer made
  const diagnostics: Diagnostic[] = [];
  let children = root.children;
  for (const listen of remove) {
    const rest = children.filter((c) => c.kind !== 'element' || !isForward(c) || keyOf(listenOf(c)) !== keyOf(listen));
    if (rest.length === children.length) diagnostics.push(notThere(network, listen, children.filter(isElement).filter(isForward)));
    children = rest;
  }
  for (const request of add) {
    const twin = children.filter(isElement).find((c) => isForward(c) && keyOf(listenOf(c)) === keyOf(request));
    if (!twin) children = [...children, elementOf(request, root)];
    else if (meaningOf(requestOf(twin)) !== meaningOf(request)) diagnostics.push(otherThere(network, twin));
  }
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  if (children.length === root.children.length && children.every((c, i) => c === root.children[i]))
    return { ok: true, value: network, diagnostics };
  const others = network.metadata.filter((m) => m !== before);
  const isEmpty = !children.some((c) => c.kind === 'element' || c.kind === 'comment');
  const after = { namespace: FORWARDS_NAMESPACE, xml: serializeNode({ ...root, children }) };
  return { ok: true, value: { ...network, metadata: isEmpty ? others : [...others, after] }, diagnostics };
}

const NEW = `<virtnet:forwards xmlns:virtnet="${FORWARDS_NAMESPACE}"/>`;

function isElement(node: XmlElement['children'][number]): node is XmlElement {
  return node.kind === 'element';
}

function isForward({ local, namespace }: XmlElement): boolean {
  return local === 'forward' && (namespace === undefined || namespace === FORWARDS_NAMESPACE);
}

/** Under the prefix that `<forwards>` has. */
function elementOf({ proto, address, port, end, to, toPort, sources = [] }: ForwardRequest, root: XmlElement): XmlElement {
  const prefix = root.prefix === undefined ? '' : `${root.prefix}:`;
  const attributes = [
    ['proto', proto],
    ['address', address],
    ['port', port],
    ['end', end],
    ['to', to],
    ['to-port', toPort],
  ] as const;
  const inner = sources.map((source) => emptyElement(`${prefix}source`, [['address', source]])).join('');
  const open = emptyElement(`${prefix}forward`, attributes);
  const text = inner === '' ? open : `${open.slice(0, -2)}>${inner}</${prefix}forward>`;
  const around = `<${root.name} xmlns${prefix === '' ? '' : `:${prefix.slice(0, -1)}`}="${escapeXml(FORWARDS_NAMESPACE)}">${text}</${root.name}>`;
  const element = parseXml(around).document?.root.children.find(isElement);
  if (!element) throw new TypeError(`no XML: ${text}`);
  return element;
}

/** Attributes that are no numbers are kept as NaN: such a forward is like none that is asked for. */
function listenOf(element: XmlElement): ForwardListen {
  const end = textAttribute(element, 'end');
  return {
    proto: textAttribute(element, 'proto') ?? '',
    address: textAttribute(element, 'address'),
    port: Number(textAttribute(element, 'port')),
    end: end === undefined ? undefined : Number(end),
  };
}

function requestOf(element: XmlElement): ForwardRequest {
  const toPort = textAttribute(element, 'to-port');
  return {
    ...listenOf(element),
    to: textAttribute(element, 'to') ?? '',
    toPort: toPort === undefined ? undefined : Number(toPort),
    sources: elements(element).flatMap((c) => (c.local === 'source' ? (textAttribute(c, 'address') ?? []) : [])),
  };
}

/** The same for what listens on the same. */
function keyOf({ proto, address, port, end = port }: ForwardListen): string {
  return `${proto} ${address === undefined ? '' : canonical(address)} ${String(port)} ${String(end)}`;
}

function meaningOf(request: ForwardRequest): string {
  const { to, port, toPort = port, sources = [] } = request;
  return JSON.stringify([keyOf(request), canonical(to).toLowerCase(), toPort, sources.map(canonicalSubnet).sort()]);
}

function canonical(text: string): string {
  const ip = parseIp(text);
  return ip ? formatIp(ip) : text;
}

function canonicalSubnet(text: string): string {
  const subnet = parseSubnet(text);
  return subnet ? formatSource(subnetNetwork(subnet)) : text;
}

/** What is listened on, as the command line has it: `8080/tcp`, `[2001:db8::1]:53/udp`, `10000-10999/udp`. */
export function formatSpec({ proto, address, port, end = port }: ForwardListen): string {
  const where = address === undefined ? '' : `${address.includes(':') ? `[${address}]` : address}:`;
  return `${where}${String(port)}${end === port ? '' : `-${String(end)}`}/${proto}`;
}

function otherThere(network: Network, twin: XmlElement): Diagnostic {
  const { to, toPort, port, sources = [] } = requestOf(twin);
  const spec = formatSpec(listenOf(twin));
  const where = toPort === undefined || toPort === port ? '' : ` port ${String(toPort)}`;
  const who = sources.length === 0 ? '' : `, for ${sources.join(', ')}`;
  return {
    code: 'VNE004',
    severity: 'error',
    message: `'${network.name}' forwards ${spec} already: to '${to}'${where}${who}`,
    hint: `remove that first (virtnet forward ${network.name} remove ${spec}), or forward another port or address`,
  };
}

function notThere(network: Network, listen: ForwardListen, there: readonly XmlElement[]): Diagnostic {
  const specs = there.map((element) => formatSpec(listenOf(element)));
  return {
    code: 'VNE005',
    severity: 'error',
    message: `'${network.name}' does not forward ${formatSpec(listen)}`,
    hint:
      specs.length === 0
        ? 'it forwards nothing'
        : `it forwards ${specs.slice(0, MOST_NAMED).join(', ')}${specs.length > MOST_NAMED ? ' ...' : ''}`,
  };
}

const MOST_NAMED = 10;
