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
| 3 | \`plan\` and \`diff\`: something would change |

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
