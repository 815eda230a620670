import { writeBandwidth } from '../network/bandwidth.ts';
import { writeVirtualPort } from '../network/virtualport.ts';
import { writeVlan } from '../network/vlan.ts';
import { XmlWriter } from '../xml/write.ts';
import type { GuestInterface } from './interface.ts';
import { writeSource } from './interface-source.ts';

/** The order in which libvirt prints what it knows; elements that it does not know come last. */
const ORDER = [
  'mac',
  'source',
  'vlan',
  'virtualport',
  'bandwidth',
  'port',
  'ip',
  'route',
  'script',
  'downscript',
  'backenddomain',
  'target',
  'guest',
  'model',
  'driver',
  'backend',
  'filterref',
  'tune',
  'teaming',
  'link',
  'mtu',
  'coalesce',
  'boot',
  'alias',
  'rom',
  'acpi',
  'address',
] as const;

/** Writes a guest's interface as libvirt prints it inside a guest's document, with what does not concern the network untouched. */
export function writeInterface(guest: GuestInterface): string {
  const writer = new XmlWriter();
  const { source } = guest;
  writer.element(
    'interface',
    [
      ['type', source.type],
      ['managed', guest.managed],
      ['trustGuestRxFilters', guest.trustGuestRxFilters],
    ],
    () => {
      const writers = typedWriters(writer, guest);
      const rest = guest.rest.map((xml) => ({ xml, name: /^<([^\s/>]+)/.exec(xml)?.[1] ?? '' }));
      const known: readonly string[] = ORDER;
      // libvirt prints the driver of a PCI device before its source.
      const order = source.type === 'hostdev' ? ['mac', 'driver', ...ORDER.filter((name) => name !== 'mac' && name !== 'driver')] : ORDER;
      for (const name of order) {
        writers[name]?.();
        for (const one of rest) if (one.name === name) writer.raw(one.xml);
      }
      for (const one of rest) if (!known.includes(one.name)) writer.raw(one.xml);
    },
  );
  return writer.toString();
}

type Writers = Readonly<Record<string, (() => void) | undefined>>;

function typedWriters(writer: XmlWriter, guest: GuestInterface): Writers {
  const others = (name: string): readonly (readonly [string, string])[] => Object.entries(guest.otherAttributes?.[name] ?? {});
  const empty = (name: string, attribute: string, value: string | number | boolean | undefined) => () => {
    if (value !== undefined || others(name).length > 0) writer.empty(name, [[attribute, value], ...others(name)]);
  };
  const { virtualport, vlan, bandwidth, driver, guestAddress } = guest;
  return {
    mac: empty('mac', 'address', guest.mac),
    source: () => {
      writeSource(writer, guest.source, others('source'));
    },
    vlan:
      vlan &&
      (() => {
        writeVlan(writer, vlan);
      }),
    virtualport:
      virtualport &&
      (() => {
        writeVirtualPort(writer, virtualport);
      }),
    bandwidth:
      bandwidth &&
      (() => {
        writeBandwidth(writer, bandwidth);
      }),
    port: empty('port', 'isolated', guest.isolated),
    target: empty('target', 'dev', guest.target),
    model: empty('model', 'type', guest.model),
    driver:
      driver &&
      (() => {
        const attributes = [['name', driver.name], ...Object.entries(driver.attributes), ['queues', driver.queues]] as const;
        if (driver.children.length === 0) writer.empty('driver', attributes);
        else
          writer.element('driver', attributes, () => {
            for (const xml of driver.children) writer.raw(xml);
          });
      }),
    link: empty('link', 'state', guest.link),
    mtu: empty('mtu', 'size', guest.mtu),
    boot: empty('boot', 'order', guest.bootOrder),
    alias: empty('alias', 'name', guest.alias),
    address:
      guestAddress &&
      (() => {
        writer.empty('address', Object.entries(guestAddress));
      }),
  };
}
