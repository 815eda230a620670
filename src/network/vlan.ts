import { present } from '../base/present.ts';
import { attribute, children, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, type ReadContext, type Shape } from './context.ts';
import { FROM, xmlError } from './libvirt-error.ts';
import { badNumber, readUnsigned, readWord } from './values.ts';

/** `<tag>` of a `<vlan>`; with `nativeMode` the one that frames without a tag belong to. */
export interface VlanTag {
  /** 0-4095. */
  readonly id: number;
  readonly nativeMode?: 'tagged' | 'untagged';
}

/** `<vlan>`: one tag is access mode unless `trunk`; several tags are a trunk. */
export interface Vlan {
  readonly trunk: boolean;
  readonly tags: readonly VlanTag[];
}

const SHAPE: Shape = { attributes: ['trunk'], children: ['tag'], repeated: ['tag'] };
const TAG: Shape = { attributes: ['id', 'nativeMode'], children: [] };

/** Reads `<vlan>`; undefined when it is refused. */
export function readVlan(context: ReadContext, element: XmlElement): Vlan | undefined {
  checkShape(context, element, SHAPE);
  const tagElements = children(element, 'tag');
  if (tagElements.length === 0) {
    refuse(context, element, {
      code: 'VNM044',
      message: '<vlan> has no tag',
      hint: "add <tag id='...'/>",
      libvirt: xmlError("missing tag id - each <vlan> must have at least one <tag id='n'/> subelement", FROM.none),
    });
    return undefined;
  }
  const tags: VlanTag[] = [];
  let native: XmlElement | undefined;
  for (const tagElement of tagElements) {
    const tag = readTag(context, tagElement);
    if (!tag) continue;
    if (tag.nativeMode !== undefined) {
      if (native) {
        refuse(context, tagElement, {
          code: 'VNM045',
          message: 'two tags have a native mode; a trunk has one native VLAN',
          attribute: 'nativeMode',
          hint: 'remove one nativeMode',
          libvirt: xmlError('duplicate native vlan setting', FROM.none),
          related: [{ message: 'the first native VLAN', element: native }],
        });
      }
      native = tagElement;
    }
    tags.push(tag);
  }
  const trunk = readTrunk(context, element, tagElements.length, native !== undefined) ?? tags.length > 1;
  const vlan = present<Vlan>({ trunk, tags });
  context.origins.set(vlan, element);
  return vlan;
}

function readTag(context: ReadContext, element: XmlElement): VlanTag | undefined {
  checkShape(context, element, TAG);
  const id = readUnsigned(context, element, 'id', { required: true });
  if (id !== undefined && id > 4095) {
    badNumber(context, element, 'id', xmlError(`vlan tag id ${String(id)} too large (maximum 4095)`, FROM.none), 'a number from 0 to 4095');
    return undefined;
  }
  const nativeMode = readWord(context, element, 'nativeMode', ['tagged', 'untagged']);
  if (id === undefined) return undefined;
  return nativeMode === undefined ? { id } : { id, nativeMode };
}

function readTrunk(context: ReadContext, element: XmlElement, count: number, native: boolean): boolean | undefined {
  const text = attribute(element, 'trunk');
  if (text === undefined || text === '') return undefined;
  if (text.toLowerCase() === 'yes') return true;
  const several = count > 1;
  if (!several && native) {
    refuse(context, element, {
      code: 'VNM046',
      message: 'a native VLAN makes a trunk',
      attribute: 'trunk',
      found: text,
      allowed: 'yes',
      hint: "write trunk='yes', or leave nativeMode out",
      libvirt: xmlError(`invalid configuration in <vlan> - "trunk='no'" is not allowed with a native vlan id`, FROM.none),
    });
  } else if (several || text.toLowerCase() !== 'no') {
    refuse(context, element, {
      code: several ? 'VNM046' : 'VNM013',
      message: several ? 'several tags are a trunk' : `'${text}' is no value of trunk`,
      attribute: 'trunk',
      found: text,
      allowed: several ? 'yes' : 'yes, no',
      hint: several ? "write trunk='yes', or leave trunk out" : 'write yes or no',
      libvirt: xmlError(
        several
          ? `invalid "trunk='${text}'" in <vlan> - trunk='yes' is required for more than one vlan tag`
          : `invalid "trunk='${text}'" in <vlan> - must be yes or no`,
        FROM.none,
      ),
    });
  }
  return false;
}

/** Writes `<vlan>`. */
export function writeVlan(writer: XmlWriter, vlan: Vlan): void {
  writer.element('vlan', [['trunk', vlan.trunk ? 'yes' : undefined]], () => {
    for (const tag of vlan.tags)
      writer.empty('tag', [
        ['id', tag.id],
        ['nativeMode', tag.nativeMode],
      ]);
  });
}
