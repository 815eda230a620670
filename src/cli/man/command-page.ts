import type { VerbGroup, VerbSpec } from '../verb.ts';
import type { ManPage, ManPart } from './roff.ts';

const GROUPS: readonly VerbGroup[] = ['Documents', 'Networks', 'Guests', 'Try it'];

/** virtnet(1), from the table of verbs. */
export function commandPage(verbs: readonly VerbSpec[]): ManPage {
  const groups = GROUPS.map((group) => ({ title: group, parts: verbs.filter((v) => v.group === group).flatMap(verbParts) }));
  return {
    name: 'virtnet',
    section: 1,
    summary: 'run libvirt-style virtual networks',
    sections: [
      { title: 'Synopsis', parts: [{ kind: 'code', lines: ['virtnet VERB [OPTION...] [OPERAND...]', 'virtnet VERB --help'] }] },
      {
        title: 'Description',
        parts: [
          text(
            "Networks are described by libvirt's network XML (https://libvirt.org/formatnetwork.html); YAML and JSON views of it are taken as well.",
          ),
          text('Data goes to stdout, everything else to stderr. Uses virtnetd(8) when it runs, and works alone when it does not.'),
        ],
      },
      ...groups,
      {
        title: 'Exit status',
        parts: [
          {
            kind: 'terms',
            rows: [
              ['0', 'done, or nothing to do'],
              ['1', 'failed: the reason is on stderr, or in "error" of the JSON'],
              ['2', 'the command line is wrong, or a file it names cannot be read'],
              ['3', 'plan and diff: something would change'],
            ],
          },
        ],
      },
      { title: 'Environment', parts: [{ kind: 'terms', rows: [['NO_COLOR', 'no colours, on a terminal either'], ...folders] }] },
      { title: 'See also', parts: [text('virtnetd(8), virsh(1), nft(8), dnsmasq(8), ip(8)')] },
    ],
  };
}

/** Where things lie, with the settings; virtnetd has the same. */
export const folders: readonly (readonly [string, string])[] = [
  ['VIRTNET_CONFIG_DIR', 'definitions and autostart marks; /etc/virtnet by default'],
  ['VIRTNET_STATE_DIR', 'leases; /var/lib/virtnet by default'],
  ['VIRTNET_RUN_DIR', 'running networks, the lock, sockets; /run/virtnet by default'],
];

function verbParts(verb: VerbSpec): readonly ManPart[] {
  const usage = ['virtnet', verb.name, ...(verb.options.length > 0 ? ['[options]'] : []), ...verb.operands.map((o) => o.name)].join(' ');
  const also = verb.alias === undefined ? '' : ` Also ${verb.alias}.`;
  const rows = [
    ...verb.operands.map((o) => [o.name, o.says] as const),
    ...verb.options.map((o) => [o.flags, o.fallback === undefined ? o.says : `${o.says} (default: ${o.fallback})`] as const),
  ];
  return [
    { kind: 'heading', text: usage },
    text(`${verb.summary.charAt(0).toUpperCase()}${verb.summary.slice(1)}.${also}${verb.about === undefined ? '' : ` ${verb.about}`}`),
    ...(rows.length > 0 ? [{ kind: 'terms', rows } as const] : []),
    { kind: 'code', lines: verb.examples.map((e) => `virtnet ${e.line}   # ${e.says}`) },
  ];
}

function text(words: string): ManPart {
  return { kind: 'text', text: words };
}
