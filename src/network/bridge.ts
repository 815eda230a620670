import { present } from '../base/present.ts';
import { attribute, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, warn, type ReadContext, type Shape } from './context.ts';
import { xmlError } from './libvirt-error.ts';
import { badNumber, badWord, isExact, parseUnsigned, refuseLarge, textAttribute, ULONG_MAX } from './values.ts';

/** `<bridge>`. In managed modes `name` is filled in at definition time; in mode bridge it names the host's own bridge. */
export interface Bridge {
  readonly name?: string;
  readonly zone?: string;
  readonly stp: boolean;
  /** Forward delay in seconds. */
  readonly delay: number;
  readonly macTableManager?: 'kernel' | 'libvirt';
}

const SHAPE: Shape = { attributes: ['name', 'zone', 'stp', 'delay', 'macTableManager'], children: [] };
const TABLE_MANAGERS = ['kernel', 'libvirt'] as const;

/** Reads `<bridge>`. */
export function readBridge(context: ReadContext, element: XmlElement): Bridge {
  checkShape(context, element, SHAPE);
  const name = textAttribute(element, 'name');
  const zone = textAttribute(element, 'zone');
  const stp = attribute(element, 'stp');
  if (stp !== undefined && stp !== 'on' && stp !== 'off') {
    warn(context, element, {
      code: 'VNM013',
      message: `stp='${stp}' counts as on`,
      attribute: 'stp',
      found: stp,
      allowed: 'on, off',
      hint: 'write on or off',
    });
  }
  const delayText = textAttribute(element, 'delay');
  const delay = delayText === undefined ? 0 : parseUnsigned(delayText, ULONG_MAX);
  if (delay === undefined)
    badNumber(context, element, 'delay', xmlError(`Invalid delay value in network '${context.name}'`), 'a whole number of seconds');
  if (delayText !== undefined && delay !== undefined && !isExact(delayText)) refuseLarge(context, element, 'delay');
  const managerText = textAttribute(element, 'macTableManager');
  const macTableManager = TABLE_MANAGERS.find((m) => m === managerText);
  if (managerText !== undefined && macTableManager === undefined) {
    badWord(
      context,
      element,
      'macTableManager',
      TABLE_MANAGERS,
      xmlError(`Invalid macTableManager setting '${managerText}' in network '${context.name}'`),
    );
  }
  const bridge = present<Bridge>({
    name,
    zone,
    stp: stp !== 'off',
    delay: delay ?? 0,
    macTableManager,
  });
  context.origins.set(bridge, element);
  return bridge;
}

/** Writes `<bridge>`; `managed` networks show stp and delay. Nothing is written for a bridge without content. */
export function writeBridge(writer: XmlWriter, bridge: Bridge, managed: boolean): void {
  const { name, zone, macTableManager } = bridge;
  if (!managed && name === undefined && macTableManager === undefined && zone === undefined) return;
  writer.empty('bridge', [
    ['name', name],
    ['zone', zone],
    ['stp', managed ? (bridge.stp ? 'on' : 'off') : undefined],
    ['delay', managed ? bridge.delay : undefined],
    ['macTableManager', macTableManager],
  ]);
}
