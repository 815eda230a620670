import type { Random } from './random.ts';
import { allElements, element } from './tree.ts';
import type { Tree } from './tree.ts';
import { oddValue } from './values.ts';

/** Puts one fault (or oddity that may be fine) somewhere into the tree and says in a few words which. */
export function addFault(tree: Tree, rng: Random): string {
  const everything = allElements(tree);
  const { element: at, parent } = rng.pick(everything);
  switch (rng.int(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: {
      const carriers = everything.filter((e) => e.element.attributes.length > 0);
      if (carriers.length === 0) return 'nothing';
      const carrier = rng.pick(carriers).element;
      const attribute = rng.pick(carrier.attributes);
      attribute[1] = oddValue(rng, attribute[0] === 'name' && carrier.name === 'driver' ? 'driver' : attribute[0], carrier.name);
      return `${carrier.name}@${attribute[0]}=${JSON.stringify(attribute[1])}`;
    }
    case 5: {
      const index = rng.int(Math.max(1, at.attributes.length));
      const [gone] = at.attributes.splice(index, 1);
      return `${at.name} without @${gone?.[0] ?? '-'}`;
    }
    case 6:
      if (!parent) return 'nothing';
      parent.children = parent.children.filter((c) => c !== at);
      return `without ${at.name}`;
    case 7: {
      if (!parent) return 'nothing';
      const twin = structuredClone(at);
      if (rng.chance(0.5) && twin.attributes[0]) twin.attributes[0][1] = oddValue(rng, twin.attributes[0][0], twin.name);
      parent.children.push(twin);
      return `${at.name} twice`;
    }
    case 8:
      at.children.splice(rng.int(at.children.length + 1), 0, element(rng.pick(['unknown', 'brigde', 'x:y', 'Ip']), { a: '1' }));
      return `unknown element in ${at.name}`;
    case 9: {
      const target = rng.pick(everything).element;
      if (!parent || allElements(at).some((e) => e.element === target)) return 'nothing';
      parent.children = parent.children.filter((c) => c !== at);
      target.children.push(at);
      return `${at.name} moved into ${target.name}`;
    }
    case 10: {
      const texts = everything.filter((e) => e.element.text !== undefined);
      if (texts.length === 0) return 'nothing';
      const text = rng.pick(texts).element;
      text.text = oddValue(rng, text.name === 'uuid' ? 'uuid' : 'name', text.name);
      return `${text.name} text ${JSON.stringify(text.text)}`;
    }
    default: {
      const name = rng.pick([
        'managed',
        'dev',
        'localPtr',
        'ipv6',
        'trustGuestRxFilters',
        'stp',
        'zone',
        'metric',
        'floor',
        'classID',
        'family',
        'netmask',
        'prefix',
        'trunk',
        'nativeMode',
        'register',
        'id',
        'mac',
        'name',
        'ip',
        'bogus',
      ]);
      // Attributes of <metadata> itself are kept by libvirt and not by us: nobody has a use for them.
      if (at.name !== 'metadata' && !at.attributes.some(([n]) => n === name)) at.attributes.push([name, oddValue(rng, name, at.name)]);
      return `${at.name} with @${name}`;
    }
  }
}
