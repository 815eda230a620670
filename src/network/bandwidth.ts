import { present } from '../base/present.ts';
import { attribute, childByName, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, refusedSince, warn, type ReadContext, type Shape } from './context.ts';
import { FROM, overflow, unsupported, xmlDetail } from './libvirt-error.ts';
import { isExact, readUnsigned, refuseLarge, ULONG_MAX } from './values.ts';

/** Limits of one direction. Rates in kB per second (1,000 bytes: tc's `kbps`, which libvirt gives it), `burst` in KiB (tc's `kb`). */
export interface BandwidthRate {
  /** kB a second. */
  readonly average?: number;
  /** kB a second, until `burst` is used up. */
  readonly peak?: number;
  /** KiB that may go at the rate of `peak`, or at once without one. */
  readonly burst?: number;
  /** Guaranteed rate, kB a second; only in the inbound of a guest's interface. */
  readonly floor?: number;
}

/** `<bandwidth>`. Inbound is towards the guests. */
export interface Bandwidth {
  readonly inbound?: BandwidthRate;
  readonly outbound?: BandwidthRate;
  /** Only in port documents: the traffic class that carries a floor. */
  readonly classId?: number;
}

const RATE_MAX = 18_014_398_509_481_984n;
const BURST_MAX = 4_194_303n;
const SHAPE: Shape = { attributes: ['classID'], children: ['inbound', 'outbound'] };
const INBOUND: Shape = { attributes: ['average', 'peak', 'floor', 'burst'], children: [] };
const OUTBOUND: Shape = { attributes: ['average', 'peak', 'burst'], children: [] };

/** Where the element stands: a floor belongs to guests' interfaces and ports, a class to ports. Limits of portgroups and ports have no bounds. */
export interface BandwidthPlace {
  readonly floor?: boolean;
  readonly classId?: boolean;
  readonly unbounded?: boolean;
}

/** Reads `<bandwidth>`; undefined when it holds no direction. */
export function readBandwidth(context: ReadContext, element: XmlElement, place: BandwidthPlace = {}): Bandwidth | undefined {
  checkShape(context, element, SHAPE);
  const classId = readUnsigned(context, element, 'classID');
  if (classId !== undefined && place.classId !== true) {
    refuse(context, element, {
      code: 'VNM041',
      message: 'a traffic class (classID) belongs to a port, not here',
      attribute: 'classID',
      found: String(classId),
      hint: 'remove classID',
      libvirt: xmlDetail('classID attribute not supported on <bandwidth> in this usage context', FROM.none),
    });
  }
  const inElement = childByName(element, 'inbound');
  const outElement = childByName(element, 'outbound');
  const inbound = inElement && readRate(context, inElement, INBOUND, place);
  const outbound = outElement && readRate(context, outElement, OUTBOUND, { ...place, floor: false });
  if (!inbound && !outbound && classId === undefined) return undefined;
  const bandwidth = present<Bandwidth>({
    inbound,
    outbound,
    classId,
  });
  context.origins.set(bandwidth, element);
  return bandwidth;
}

function readRate(
  context: ReadContext,
  element: XmlElement,
  shape: Shape,
  { floor: floorAllowed = false, unbounded = false }: BandwidthPlace,
): BandwidthRate | undefined {
  checkShape(context, element, floorAllowed || shape === OUTBOUND ? shape : INBOUND);
  const number = (name: string): number | undefined => readUnsigned(context, element, name, { max: ULONG_MAX });
  const before = context.findings.length;
  const average = number('average');
  const peak = number('peak');
  const burst = number('burst');
  const floor = number('floor');
  if (refusedSince(context, before)) return undefined;
  if (average === undefined && floor === undefined) {
    refuse(context, element, {
      code: 'VNM042',
      message: `<${element.name}> has no average rate`,
      hint: "add average='...' (kB per second)",
      libvirt: xmlDetail('Missing mandatory average or floor attributes', FROM.none),
    });
    return undefined;
  }
  if (average === undefined && (peak !== undefined || burst !== undefined)) {
    refuse(context, element, {
      code: 'VNM042',
      message: 'peak and burst need an average rate',
      hint: "add average='...' (kB per second)",
      libvirt: unsupported("'peak' and 'burst' require 'average' attribute", FROM.none),
    });
  }
  if (floor !== undefined && !floorAllowed) {
    refuse(context, element, {
      code: 'VNM040',
      message: "a guaranteed rate (floor) belongs to a guest's interface, in its inbound",
      attribute: 'floor',
      found: String(floor),
      hint: "remove floor here, and set it in the guest's <interface>",
      libvirt: unsupported('floor attribute is not supported for this config', FROM.none),
    });
  }
  for (const name of ['average', 'peak', 'floor', 'burst'])
    checkLimit(context, element, name, unbounded ? ULONG_MAX : name === 'burst' ? BURST_MAX : RATE_MAX);
  const rate = present<BandwidthRate>({
    average,
    peak: peak || undefined,
    burst: burst || undefined,
    floor: floor || undefined,
  });
  context.origins.set(rate, element);
  checkRate(context, element, rate);
  return rate;
}

function checkLimit(context: ReadContext, element: XmlElement, name: string, max: bigint): void {
  const text = attribute(element, name) ?? '';
  if (text.length < 7) return; // below every limit
  const digits = /\d+$/.exec(text)?.[0];
  if (digits === undefined) return;
  const value = BigInt(digits);
  if (value > max) {
    refuse(context, element, {
      code: 'VNM012',
      message: `${name} is larger than ${String(max)}`,
      attribute: name,
      found: digits,
      allowed: `0 to ${String(max)}`,
      hint: 'write a smaller number, or leave it out for no limit',
      libvirt: overflow(`value '${String(value)}' is too big for '${name}' parameter, maximum is '${String(max)}'`),
    });
  } else if (!isExact(digits)) refuseLarge(context, element, name);
}

function checkRate(context: ReadContext, element: XmlElement, { average, peak, floor }: BandwidthRate): void {
  if (average === 0 && floor === undefined) {
    warn(context, element, {
      code: 'VNM043',
      message: 'an average of 0 sets no limit',
      attribute: 'average',
      found: '0',
      hint: `remove <${element.name}>, or give a rate`,
    });
  } else if (peak !== undefined && average !== undefined && peak < average) {
    warn(context, element, {
      code: 'VNM043',
      message: `the peak (${String(peak)}) is below the average (${String(average)})`,
      attribute: 'peak',
      found: String(peak),
      hint: 'give a peak above the average, or none',
    });
  }
}

/** True when no direction has a rate: `<bandwidth>` is then written empty. */
export function isEmptyBandwidth({ inbound, outbound }: Bandwidth): boolean {
  return !inbound?.average && !inbound?.floor && !outbound?.average;
}

/** Writes `<bandwidth>`; a direction without a rate is left out. */
export function writeBandwidth(writer: XmlWriter, bandwidth: Bandwidth): void {
  writer.element('bandwidth', [['classID', bandwidth.classId || undefined]], () => {
    writeRate(writer, 'inbound', bandwidth.inbound);
    writeRate(writer, 'outbound', bandwidth.outbound);
  });
}

function writeRate(writer: XmlWriter, name: string, rate: BandwidthRate | undefined): void {
  if (!rate || (!rate.average && !rate.floor)) return;
  writer.empty(name, [
    ['average', rate.average || undefined],
    ['peak', rate.peak || undefined],
    ['floor', rate.floor || undefined],
    ['burst', rate.burst || undefined],
  ]);
}
