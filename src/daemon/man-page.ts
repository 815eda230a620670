import { folders } from '../cli/man/command-page.ts';
import type { ManPage, ManPart } from '../cli/man/roff.ts';
import { daemonCommand } from './options.ts';

/** virtnetd(8), from its command line. */
export function daemonPage(): ManPage {
  const { options } = daemonCommand('', () => Promise.resolve());
  const rows = options.map((o): [string, string] => {
    const fallback = typeof o.defaultValue === 'string' ? ` (default: ${o.defaultValue})` : '';
    return [o.flags, `${o.description}${fallback}${o.envVar === undefined ? '' : `; also ${o.envVar}`}`];
  });
  return {
    name: 'virtnetd',
    section: 8,
    summary: "virtual networks over libvirt's protocol",
    sections: [
      { title: 'Synopsis', parts: [{ kind: 'code', lines: ['virtnetd [OPTION...]'] }] },
      {
        title: 'Description',
        parts: [
          text(
            "Serves libvirt's network protocol to virsh(1) and every other libvirt client, starts the networks marked for it at boot, and mends what others damage.",
          ),
          text(
            'Stays in the foreground. Networks live in the kernel: they go on when it ends, is killed or is upgraded, and the next process knows them again.',
          ),
        ],
      },
      { title: 'Options', parts: [{ kind: 'terms', rows }] },
      {
        title: 'Files',
        parts: [
          {
            kind: 'terms',
            rows: [
              ['/run/libvirt/virtnetworkd-sock', 'clients that may change networks: root, and the members of --socket-group'],
              ['/run/libvirt/virtnetworkd-sock-ro', 'clients that may look: everybody'],
              ['/run/libvirt/virtnetworkd-admin-sock', 'virt-admin(1): root'],
              ['/run/virtnet/virtnetd.sock', 'HTTP for virtnet(1): root'],
              ['/etc/virtnet/hooks', "scripts of the host's owner, called as libvirt calls its network hook"],
            ],
          },
        ],
      },
      {
        title: 'Signals',
        parts: [
          {
            kind: 'terms',
            rows: [
              ['SIGTERM, SIGINT', 'answers the calls that run, then ends; the networks stay'],
              ['SIGHUP', 'looks at all networks and puts right what is not as it should be'],
            ],
          },
        ],
      },
      {
        title: 'Exit status',
        parts: [
          {
            kind: 'terms',
            rows: [
              ['0', 'ended by a signal'],
              ['1', 'did not start: the last line of the log says why'],
              ['2', 'did not start: the command line is wrong'],
            ],
          },
        ],
      },
      {
        title: 'Environment',
        parts: [
          {
            kind: 'terms',
            rows: [
              ...folders,
              [
                'LISTEN_FDS',
                'sockets from the service manager are used instead of own ones; one whose name ends in -ro is the read-only one, in -admin-sock that of virt-admin(1)',
              ],
              ['NOTIFY_SOCKET, WATCHDOG_USEC', 'the service manager is told when it is ready, reloads, ends, and that it is alive'],
            ],
          },
        ],
      },
      { title: 'See also', parts: [text('virtnet(1), virsh(1), virt-admin(1), systemd.socket(5)')] },
    ],
  };
}

function text(words: string): ManPart {
  return { kind: 'text', text: words };
}
