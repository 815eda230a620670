import type { VerbGroup, VerbSpec } from './verb.ts';

const GROUPS: readonly VerbGroup[] = ['Documents', 'Networks', 'Guests', 'Try it'];

/** docs/reference/command.md: the table of verbs as a page. */
export function referencePage(verbs: readonly VerbSpec[]): string {
  const groups = GROUPS.map((group) => {
    const own = verbs.filter((v) => v.group === group);
    return `## ${group}\n\n${own.map(section).join('\n')}`;
  });
  return `${HEAD}\n${groups.join('\n')}`;
}

const HEAD = `<!-- Made from src/cli/verbs.ts: npm run docs -->

# The command

\`virtnet <verb> [options]\`. Data goes to stdout, everything else to stderr. Colours appear on a terminal only, and not where \`NO_COLOR\` is set;
questions are asked on a terminal only. \`virtnet VERB --help\` prints what this page says of a verb.

| exit code | meaning |
| --- | --- |
| 0 | done, or nothing to do |
| 1 | failed: the reason is on stderr, or in \`error\` of the JSON |
| 2 | the command line is wrong, or a file it names cannot be read |
| 3 | \`plan\` and \`diff\`: something would change; \`status\`: something is amiss |

## JSON

\`--json\` prints one value; each verb below says which fields it has. Times are seconds since 1970, sizes bytes, limits kB (1,000 bytes) a second. A field without a value is left
out. Before version 1.0 a minor version may change names and meanings, and the changelog says so; from then on only a major one. Others may come to them. Words for
people (\`reason\`, \`message\`, \`hint\`), what stands in \`before\` and \`after\` of a step, and in \`details\` of an error, change with any version.

| field | holds |
| --- | --- |
| \`networks\` | \`{ name, uuid, active, persistent, autostart, mode, bridge?, addresses, guests?, warnings }\`: addresses as ADDRESS/PREFIX, an isolated network's mode is \`none\` |
| \`network\` | the network's name; of \`show\` the document, as \`dumpxml --to json\` has it, with all defaults |
| \`plan\`, \`drift\` | \`{ create, change, delete, steps, diagnostics }\`: numbers of steps; each \`{ op, kind, key, before?, after?, changed, reason, disturbance }\`, where \`disturbance\` is \`none\`, \`dns-dhcp-pause\`, \`renumber\`, \`link-bounce\`, \`unplug\` or \`network-down\` |
| \`applied\` | whether anything was changed |
| \`diagnostics\`, \`warnings\`, \`problems\` | findings: \`{ severity, code, message, source?, position?, path?, found?, allowed?, hint? }\`, position as \`{ line, column }\` from 1 |
| \`port\`, \`ports\` | \`{ network, port, attachment, inherited?, node?, status? }\`: the guest's \`{ uuid, mac, owner: { name, uuid }, plug, bandwidth?, vlan?, … }\`, its device, and \`status\` \`{ state, gone?, counters? }\` with state \`there\`, \`gone\` or \`elsewhere\` |
| \`leases\` | \`{ network, ip, prefix, family, mac?, hostname?, clientId?, iaid?, interface, expiry, state, origin, guest? }\`: expiry 0 is never, state \`active\` or \`kept\`, origin \`fixed\` or \`range\` |
| \`pools\` | \`{ start, end, used, total }\` of each DHCP range |
| \`forwards\` | \`{ family, proto, address?, port, end, to, target, toPort?, sources? }\` |
| \`hosts\` | fixed addresses: \`{ ip, mac?, id?, name?, lease? }\`, lease as \`{ expiry, unit }\` |
| \`tainted\` | the document has dnsmasq options of its own |
| \`records\`; \`rules\`, \`rule\`; \`answer\` | \`{ name, type, value, from }\`; \`{ names, answeredBy }\`; \`{ server, answers: [{ type, value }], failure? }\` |
| \`ok\`, \`amiss\` | nothing is amiss; what is: \`{ message, network?, code?, hint? }\` |
| \`daemon\` | the virtnetd that answered: \`{ version?, pid? }\`, neither of one that is older than \`virtnet\` |
| \`file\` | where \`edit\` left a text that it did not take over; with an \`error\` among its \`details\` |
| \`error\` | instead of all of it: \`{ code, message, hint?, diagnostics?, details? }\`; the exit code is not 0 |

## Folders

| folder | default | holds |
| --- | --- | --- |
| \`VIRTNET_CONFIG_DIR\` | /etc/virtnet | definitions |
| \`VIRTNET_STATE_DIR\` | /var/lib/virtnet | leases |
| \`VIRTNET_RUN_DIR\` | /run/virtnet | running networks, the lock |
`;

function section(verb: VerbSpec): string {
  const usage = ['virtnet', verb.name, ...(verb.options.length > 0 ? ['[options]'] : []), ...verb.operands.map((o) => o.name)].join(' ');
  const rows = [
    ...verb.operands.map((o) => [o.name, o.says]),
    ...verb.options.map((o) => [o.flags, o.fallback === undefined ? o.says : `${o.says} (default: ${o.fallback})`]),
  ];
  const table =
    rows.length === 0
      ? ''
      : `\n| | |\n| --- | --- |\n${rows.map(([name, says]) => `| \`${(name ?? '').replaceAll('|', '\\|')}\` | ${(says ?? '').replaceAll('|', '\\|').replaceAll('<', '&lt;')} |\n`).join('')}`;
  const examples = verb.examples.map((e) => `virtnet ${e.line}   # ${e.says}\n`).join('');
  const first = `${verb.summary.charAt(0).toUpperCase()}${verb.summary.slice(1)}.`;
  return `### ${verb.name}\n\n    ${usage}\n\n${first}${verb.alias === undefined ? '' : ` Also \`${verb.alias}\`.`}${verb.about === undefined ? '' : ` ${verb.about}`}\n${table}\n\`\`\`sh\n${examples}\`\`\`\n`;
}
