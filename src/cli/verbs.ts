/** The table of verbs: help, docs/reference/command.md and the parser are made from it. */
import type { OptionSpec, VerbSpec } from './verb.ts';

/** `fields` are what is printed: a question mark behind those that may be missing. docs/reference/command.md says what they hold. */
const json = (fields: string): OptionSpec => ({ flags: '--json', says: `print JSON instead of text: ${fields}` });
const jsonOfChange = json('{ plan, applied, networks }');
const yes: OptionSpec = { flags: '-y, --yes', says: 'do not ask, even when guests are disturbed' };
const dryRun: OptionSpec = { flags: '--dry-run', says: 'show the plan and change nothing' };
const commands: OptionSpec = { flags: '--commands', says: 'also show the commands that carry the plan out' };

const bounce: OptionSpec = {
  flags: '--bounce',
  says: 'where addresses change, take the links of namespace guests down for a second: their DHCP clients then ask anew',
};

/** Of verbs that change both documents of a network, as far as there are both, and list what one says. */
const ofWhich: readonly OptionSpec[] = [
  { flags: '--live', says: 'only the running network' },
  { flags: '--config', says: 'only the stored definition (list: what it says)' },
];

const FILES = { name: '<file...>', says: 'XML, YAML or JSON documents, folders of them, or - for stdin' };
const FILES_OR_NAMES = { name: '<file|name...>', says: 'documents, folders, - for stdin, or names of defined networks' };
const NAME = { name: '<name>', says: 'a network, by name or uuid' };
const NAMES = { name: '<name...>', says: 'networks, by name or uuid' };
const MAYBE_NAME = { name: '[name]', says: 'a network, by name or uuid; all networks without one' };
const PORT = { name: '<port>', says: "the port's uuid, MAC address, device, or its owner's name" };

const documents: readonly VerbSpec[] = [
  {
    name: 'validate',
    group: 'Documents',
    summary: 'check documents and show every problem with its place',
    about: 'Errors are what libvirt refuses; warnings are what it lets through and what then fails, or is ignored. Touches nothing.',
    operands: [FILES],
    options: [
      json('{ ok, files: [{ file, ok, diagnostics }] }'),
      { flags: '--strict', says: 'warnings fail too' },
      { flags: '--quiet', says: 'no line for documents without a finding' },
    ],
    examples: [
      { line: 'validate examples/default.xml', says: 'one document' },
      { line: 'validate --json networks/', says: 'all documents of a folder, as data' },
      { line: 'dumpxml default | virtnet validate -', says: 'what another command prints' },
    ],
    load: () => import('./verbs/validate.ts'),
  },
  {
    name: 'format',
    group: 'Documents',
    summary: 'lay documents out as libvirt does, comments kept',
    about: 'Only spaces and line ends between elements change: what the document says stays as it is, comments and order included.',
    operands: [FILES],
    options: [
      { flags: '-w, --write', says: 'change the files instead of printing them' },
      { flags: '-c, --check', says: 'print the names of files that are laid out otherwise, and fail when there are any' },
      { flags: '--canonical', says: 'print the document as `virsh net-dumpxml` does: defaults filled in, comments dropped' },
      json('{ ok, files: [{ file, ok, changed, text? }] }'),
    ],
    examples: [
      { line: 'format net.xml', says: 'the document on stdout' },
      { line: 'format --write networks/', says: 'all documents of a folder, in place' },
      { line: 'format --check networks/', says: 'for CI' },
    ],
    load: () => import('./verbs/format.ts'),
  },
  {
    name: 'convert',
    group: 'Documents',
    summary: 'turn a document into XML, YAML or JSON, without loss',
    operands: [FILES],
    options: [
      { flags: '--to <form>', says: 'xml, yaml or json', fallback: 'yaml' },
      { flags: '-o, --output <folder>', says: 'write files there instead of printing' },
    ],
    examples: [
      { line: 'convert examples/default.xml', says: 'as YAML' },
      { line: 'convert net.yaml --to xml', says: 'and back' },
    ],
    load: () => import('./verbs/convert.ts'),
  },
  {
    name: 'explain',
    group: 'Documents',
    summary: 'say in plain words what a network does for its guests, or what a code means',
    operands: [{ name: '<file|code...>', says: 'documents, names of defined networks, or codes such as VNC001' }],
    options: [json('a list of { name, sections } and { code, title, explanation, bad?, good? }')],
    examples: [
      { line: 'explain examples/default.xml', says: 'who reaches whom, addresses, names, limits' },
      { line: 'explain VNM040', says: 'a code; those of documents come with a bad and a good example' },
    ],
    load: () => import('./verbs/explain.ts'),
  },
];

const networks: readonly VerbSpec[] = [
  {
    name: 'plan',
    group: 'Networks',
    summary: 'show what `up` would do',
    about: 'Exits with 3 when there is something to change. Needs the same rights as `up`, and changes nothing.',
    operands: [FILES_OR_NAMES],
    options: [bounce, commands, json('{ plan, networks }')],
    examples: [
      { line: 'plan net.xml', says: 'steps, reasons, and what each does to guests' },
      { line: 'plan default', says: 'what bringing a defined network up would do' },
      { line: 'plan --json networks/ > plan.json', says: 'several networks, one plan, as data' },
    ],
    load: () => import('./verbs/plan.ts'),
  },
  {
    name: 'up',
    group: 'Networks',
    summary: 'define and start networks, or change running ones to match their documents',
    about:
      'All documents make one plan, applied all or nothing: when a step fails, what was done before it is undone. Guests stay plugged. Asks first (on a terminal) when guests would be disturbed. Guests learn of new addresses when they renew their leases; --bounce tells them at once.',
    operands: [FILES_OR_NAMES],
    options: [bounce, dryRun, yes, commands, jsonOfChange],
    examples: [
      { line: 'up examples/default.xml', says: 'define and start, or bring the running network to this document' },
      { line: 'up default', says: 'bring a defined network up' },
      { line: 'up --bounce renumbered.xml', says: 'another subnet, and guests that ask for their new addresses at once' },
    ],
    load: () => import('./verbs/up.ts'),
  },
  {
    name: 'down',
    group: 'Networks',
    summary: 'stop networks; their definitions stay',
    about:
      'Several networks are stopped in one plan. Guests lose the network; started again, their links are put back. A network that was never defined is gone. One that does not run is left as it is: that is no error, as `up` of a running one is none.',
    operands: [NAMES],
    options: [dryRun, yes, jsonOfChange],
    examples: [
      { line: 'down default', says: 'stop it' },
      { line: 'down default lab --dry-run', says: 'what stopping both would do' },
    ],
    load: () => import('./verbs/down.ts'),
  },
  {
    name: 'edit',
    alias: 'net-edit',
    group: 'Networks',
    summary: 'open a definition in an editor, and change the network to what it says then',
    about:
      "The editor is $VISUAL, $EDITOR, or what Debian calls sensible-editor. What is wrong is shown with its place, and on a terminal you are asked whether to edit again; what you wrote is not lost: where it is not taken over, it stays in a file that is named. A network that runs is changed as by `up`, one that does not is only defined anew, and one that was never defined is stored with it. Somebody else's change of it meanwhile is not overwritten unless you say so.",
    operands: [NAME],
    options: [bounce, dryRun, yes, commands, json('{ plan, applied, networks, file? }')],
    examples: [
      { line: 'edit default', says: 'change it, and what runs of it' },
      { line: 'edit default --dry-run', says: 'only show what the edited text would change; it stays in a file' },
      { line: 'edit default --yes --json', says: 'for a program: EDITOR is a command that changes the file' },
    ],
    load: () => import('./verbs/edit.ts'),
  },
  {
    name: 'define',
    group: 'Networks',
    summary: 'store documents without starting anything',
    about: 'A running network keeps its live definition until it restarts; `up` changes it now.',
    operands: [FILES],
    options: [json('{ networks }')],
    examples: [{ line: 'define net.xml', says: 'store it under its name' }],
    load: () => import('./verbs/define.ts'),
  },
  {
    name: 'undefine',
    group: 'Networks',
    summary: 'forget definitions; running networks run on until they stop',
    operands: [NAMES],
    options: [json('{ undefined }')],
    examples: [{ line: 'undefine default', says: 'remove its document' }],
    load: () => import('./verbs/undefine.ts'),
  },
  {
    name: 'start',
    group: 'Networks',
    summary: 'start defined networks',
    about: 'One that runs already is left as it is; `up` brings it to its definition.',
    operands: [NAMES],
    options: [dryRun, jsonOfChange],
    examples: [{ line: 'start default', says: 'start it as it is defined' }],
    load: () => import('./verbs/start.ts'),
  },
  {
    name: 'stop',
    group: 'Networks',
    summary: 'stop networks (the same as down)',
    operands: [NAMES],
    options: [dryRun, yes, jsonOfChange],
    examples: [{ line: 'stop default', says: 'stop it; its definition stays' }],
    load: () => import('./verbs/down.ts'),
  },
  {
    name: 'autostart',
    group: 'Networks',
    summary: 'start a network at boot, or not any more',
    operands: [NAME],
    options: [{ flags: '--disable', says: 'do not start it at boot' }, json('{ networks }')],
    examples: [{ line: 'autostart default', says: 'from the next boot on' }],
    load: () => import('./verbs/autostart.ts'),
  },
  {
    name: 'list',
    alias: 'ls',
    group: 'Networks',
    summary: 'list networks, running and defined',
    about: 'Stored files that cannot be read are told as well, and left alone.',
    operands: [],
    options: [
      { flags: '--all', says: 'running and stopped ones, as without it' },
      { flags: '--active', says: 'only running ones' },
      { flags: '--inactive', says: 'only stopped ones' },
      { flags: '--name', says: 'only names, one a line' },
      json('{ networks, problems }'),
    ],
    examples: [{ line: 'list', says: 'name, state, bridge, addresses' }],
    load: () => import('./verbs/list.ts'),
  },
  {
    name: 'show',
    group: 'Networks',
    summary: 'show one network on one screen: state, addresses, DHCP use, guests, leases, drift, warnings',
    operands: [NAME],
    options: [json('the fields of a network and { network, forwards, pools, ports, leases, drift, tainted }')],
    examples: [{ line: 'show default', says: 'one screen' }],
    load: () => import('./verbs/show.ts'),
  },
  {
    name: 'status',
    group: 'Networks',
    summary: 'say in one look whether all that should run does, and is whole',
    about:
      'Amiss are networks that are to start at boot and do not run, what differs on this host from what running ones say, guests whose devices are gone, rules of others that keep guests from working, and stored files that cannot be read. Exits with 3 when something is. That no virtnetd runs is told, and nothing amiss.',
    operands: [MAYBE_NAME],
    options: [json('{ ok, daemon?, networks, amiss, drift }')],
    examples: [
      { line: 'status', says: 'all networks, and the daemon' },
      { line: 'status default || virtnet repair default', says: 'mend what somebody damaged' },
    ],
    load: () => import('./verbs/status.ts'),
  },
  {
    name: 'dumpxml',
    group: 'Networks',
    summary: 'print a network as `virsh net-dumpxml` does',
    operands: [NAME],
    options: [
      { flags: '--inactive', says: 'the stored definition instead of the running one' },
      { flags: '--to <form>', says: 'xml, yaml or json', fallback: 'xml' },
    ],
    examples: [{ line: 'dumpxml default --inactive > default.xml', says: 'save the definition' }],
    load: () => import('./verbs/dumpxml.ts'),
  },
  {
    name: 'diff',
    group: 'Networks',
    summary: 'show what differs between what should be and what is on this host',
    about: 'Exits with 3 when something differs. `repair` mends it.',
    operands: [MAYBE_NAME],
    options: [commands, json('{ plan }')],
    examples: [{ line: 'diff', says: 'all running networks' }],
    load: () => import('./verbs/diff.ts'),
  },
  {
    name: 'repair',
    group: 'Networks',
    summary: 'bring the host back to what its networks say',
    about: 'Mends just what differs; guests keep their links.',
    operands: [MAYBE_NAME],
    options: [dryRun, jsonOfChange],
    examples: [{ line: 'repair', says: 'after somebody flushed the firewall or killed a dnsmasq' }],
    load: () => import('./verbs/repair.ts'),
  },
  {
    name: 'update',
    alias: 'net-update',
    group: 'Networks',
    summary: 'change one section of a network, as `virsh net-update` does',
    about:
      'Sections: bridge, domain, ip, ip-dhcp-host, ip-dhcp-range, forward, forward-interface, forward-pf, portgroup, dns-host, dns-txt, dns-srv. Commands: add-first, add-last (or add), modify, delete. Without --live and --config: the running network, or the stored definition of one that does not run.',
    operands: [
      NAME,
      { name: '<command>', says: 'add-first, add-last, add, modify or delete' },
      { name: '<section>', says: 'what to change' },
      { name: '<xml|file>', says: "the section's XML, a file with it, or - for stdin" },
    ],
    options: [
      { flags: '--parent-index <n>', says: 'which <ip>, counting all from 0', fallback: '-1' },
      { flags: '--live', says: 'change the running network' },
      { flags: '--config', says: 'change the stored definition' },
      dryRun,
      commands,
      jsonOfChange,
    ],
    examples: [
      { line: `update default add dns-host "<host ip='10.0.0.5'><hostname>db</hostname></host>"`, says: 'a name, as of now' },
      { line: 'update default add ip-dhcp-host host.xml --live --config', says: 'reserve an address, now and for good' },
    ],
    load: () => import('./verbs/update.ts'),
  },
  {
    name: 'forward',
    group: 'Networks',
    summary: 'list, add and remove port forwards: ports of the host that lead to guests',
    about:
      'Commands: list (without one), add, remove. A forward is [ADDRESS:]PORT[-END]:GUEST[:PORT][/tcp|/udp]: what the host is asked for, then the guest by its fixed name, MAC address or address, and its port where it is another one. IPv6 addresses stand in brackets; tcp where no protocol is named. One is removed by what it listens on, and what is under way through it ends; other connections are left alone. A change is for the running network and its stored definition, as far as there are both; --live or --config alone is for one of them.',
    operands: [NAME, { name: '[command]', says: 'list, add or remove' }, { name: '[forward...]', says: 'port forwards' }],
    options: [
      { flags: '--source <subnets>', says: 'add: only for these addresses and subnets, with commas; for everybody without' },
      ...ofWhich,
      dryRun,
      commands,
      json('{ network, forwards }; after add and remove { plan, applied, networks }'),
    ],
    examples: [
      { line: 'forward lab', says: 'what is forwarded where' },
      {
        line: 'forward lab add 8080:192.168.122.10:80/tcp',
        says: "port 8080 of the host leads to the guest's port 80, now and after the next start",
      },
      { line: 'forward lab add 203.0.113.1:2222:web:22 --source 198.51.100.0/24', says: 'of one address, for some, to the fixed host web' },
      { line: 'forward lab remove 8080/tcp', says: 'not any more' },
    ],
    load: () => import('./verbs/forward.ts'),
  },
  {
    name: 'reserve',
    group: 'Networks',
    summary: 'list, add and remove fixed addresses of guests',
    about:
      'Commands: list (without one), add, remove. A guest is named by its MAC address, by its DUID (IPv6), or, where it is plugged, as in `ports`; without an address it keeps that of its lease. A reservation is removed by its address, its name or its guest. A change is for the running network, where other guests notice nothing, and its stored definition, as far as there are both; --live or --config alone is for one of them. A guest asks for its address when its lease is half over, or when it starts.',
    operands: [
      NAME,
      { name: '[command]', says: 'list, add or remove' },
      { name: '[guest]', says: 'whose address it is' },
      { name: '[address]', says: 'add: the address; that of its lease without one' },
    ],
    options: [
      { flags: '--name <hostname>', says: 'add: a name, which DNS answers for' },
      ...ofWhich,
      dryRun,
      commands,
      json('{ network, hosts }; after add and remove { plan, applied, networks }'),
    ],
    examples: [
      { line: 'reserve lab', says: 'which addresses are whose' },
      { line: 'reserve lab add 52:54:00:12:34:56 192.168.122.9 --name db', says: 'now and after the next start' },
      { line: 'reserve lab add web', says: 'a plugged guest keeps the address that it has' },
      { line: 'reserve lab remove db', says: 'not any more' },
    ],
    load: () => import('./verbs/reserve.ts'),
  },
  {
    name: 'import-libvirt',
    group: 'Networks',
    summary: "define what libvirt has defined, from libvirt's own files",
    about:
      'Reads the documents and the autostart links; nothing of libvirt is changed, nothing is started, and a network that is there already (by name or uuid) is left as it is. Files that cannot be read are reported and left; the exit code is then 1.',
    operands: [],
    options: [
      { flags: '--from <folder>', says: "libvirt's folder of definitions", fallback: '/etc/libvirt/qemu/networks' },
      dryRun,
      json('{ files: [{ file, name?, fate, autostart, why? }], applied }'),
    ],
    examples: [
      { line: 'import-libvirt --dry-run', says: 'what would be defined' },
      { line: 'import-libvirt', says: 'define it' },
    ],
    load: () => import('./verbs/import-libvirt.ts'),
  },
  {
    name: 'export-libvirt',
    group: 'Networks',
    summary: 'write the stored definitions as libvirt keeps them: documents and autostart links',
    about: 'A file that is there and says something else is left as it is; the exit code is then 1.',
    operands: [],
    options: [{ flags: '--to <folder>', says: 'where to; made when absent' }, json('{ files: [{ file, fate }] }')],
    examples: [{ line: 'export-libvirt --to networks', says: 'a copy for /etc/libvirt/qemu/networks' }],
    load: () => import('./verbs/export-libvirt.ts'),
  },
];

const guests: readonly VerbSpec[] = [
  {
    name: 'attach',
    group: 'Guests',
    summary: 'plug a guest into a running network',
    about:
      'Makes the device and puts it on the network. Say where it goes with --netns, --tap, --macvtap or --vf; options override what --interface says.',
    operands: [NAME],
    options: [
      { flags: '--netns <ns>', says: 'a network namespace (a name of `ip netns` or a path): a veth pair' },
      { flags: '--dev <name>', says: "the device's name in the namespace (default: eth0)" },
      { flags: '--tap [name]', says: 'a persistent tap device, for QEMU, Firecracker or Cloud Hypervisor' },
      { flags: '--macvtap [name]', says: "a macvtap on a device of the network's pool (modes bridge, private, vepa, passthrough)" },
      { flags: '--vf', says: "a virtual function of the network's pool, handed over whole (mode hostdev)" },
      { flags: '--name <dev>', says: "the device's name on the host" },
      { flags: '--multiqueue', says: 'the tap takes several queues' },
      { flags: '--user <user>', says: "who may open the tap, or the macvtap's node in /dev; root alone without" },
      { flags: '--group <group>', says: "whose members may open the tap, or the macvtap's node" },
      {
        flags: '--bandwidth <in/out>',
        says: 'limits towards and from the guest, or only the first; each average[,peak[,burst]] in kB/s (burst in KiB); "/500" limits only what it sends',
      },
      { flags: '--vlan <ids>', says: 'the VLAN that the guest is in, untagged; several, with commas, are a trunk' },
      { flags: '--trunk', says: 'a single --vlan is a trunk too: the guest sends and gets tagged frames' },
      { flags: '--qemu', says: 'print the arguments for QEMU, and nothing else on stdout' },
      { flags: '--interface <file>', says: "a guest's <interface> (or <networkport>) document, - for stdin" },
      { flags: '--mac <mac>', says: "the guest's MAC address; one in 52:54:00 is made when absent" },
      { flags: '--portgroup <name>', says: 'a portgroup of the network' },
      { flags: '--isolated', says: 'no traffic between this guest and other isolated ones' },
      { flags: '--owner <name>', says: "the guest's name, shown in lists" },
      dryRun,
      json('{ port, plan, applied }'),
    ],
    examples: [
      { line: 'attach default --netns web', says: 'a namespace as guest' },
      { line: 'attach default --tap --owner vm1', says: 'a tap for a virtual machine' },
      { line: 'attach default --netns web --bandwidth 1000,2000,512/500', says: 'limits: 1,000 kB/s in with peaks, 500 kB/s out' },
    ],
    load: () => import('./verbs/attach.ts'),
  },
  {
    name: 'detach',
    group: 'Guests',
    summary: 'unplug a guest and remove its device',
    operands: [NAME, PORT],
    options: [dryRun, jsonOfChange],
    examples: [{ line: 'detach default 52:54:00:aa:bb:cc', says: 'by MAC address' }],
    load: () => import('./verbs/detach.ts'),
  },
  {
    name: 'limit',
    group: 'Guests',
    summary: 'change the limits of a plugged guest, without a lost packet',
    about:
      'Takes effect at once and stays until the guest is unplugged. A portgroup changed with `up` changes the limits of all of its guests.',
    operands: [
      NAME,
      PORT,
      {
        name: '<in/out>',
        says: 'each average[,peak[,burst]] in kB/s (burst in KiB); the way that is left out (1000, /500) has no limit; none for what its portgroup says',
      },
    ],
    options: [dryRun, commands, jsonOfChange],
    examples: [
      { line: 'limit default web 1000/500', says: '1,000 kB/s in, 500 kB/s out' },
      { line: 'limit default web none', says: 'no limits of its own' },
    ],
    load: () => import('./verbs/limit.ts'),
  },
  {
    name: 'reap',
    group: 'Guests',
    summary: 'unplug the guests whose device or namespace is gone',
    operands: [MAYBE_NAME],
    options: [dryRun, json('{ reaped: [{ network, port, gone }], plan, applied }')],
    examples: [{ line: 'reap', says: 'of all networks' }],
    load: () => import('./verbs/reap.ts'),
  },
  {
    name: 'ports',
    group: 'Guests',
    summary: 'list plugged guests, with what each received and sent',
    operands: [MAYBE_NAME],
    options: [json('{ ports }')],
    examples: [{ line: 'ports default', says: 'owner, MAC, device, traffic, limits' }],
    load: () => import('./verbs/ports.ts'),
  },
  {
    name: 'leases',
    group: 'Guests',
    summary: 'list DHCP leases',
    about:
      'STATE is `kept` where the network does not run: the lease holds, and the server will know it again. FROM tells whether the address is reserved (`fixed`) or out of a range. Without a name: of all running networks.',
    operands: [MAYBE_NAME],
    options: [{ flags: '--mac <mac>', says: 'only of this MAC address' }, json('{ leases }')],
    examples: [{ line: 'leases default', says: 'address, name, MAC, time left, state, origin, guest' }],
    load: () => import('./verbs/leases.ts'),
  },
  {
    name: 'dns',
    group: 'Guests',
    summary: 'show which names a network answers, from where, and who answers the others',
    about:
      "With a name (or an address) it also asks the network's DNS server, as a guest would, and exits with 1 when there is no answer. A reserved name is answered once its guest has a lease. Domains that are not in the list follow the last line.",
    operands: [NAME, { name: '[hostname]', says: 'what to ask for: a name, an address, or a service such as _ldap._tcp.lab' }],
    options: [json('{ records, rules }; with a name { records, rule?, answer }')],
    examples: [
      { line: 'dns default', says: 'records of the document, reserved addresses, leases; then forwarders' },
      { line: 'dns default db', says: 'what a guest is answered' },
    ],
    load: () => import('./verbs/dns.ts'),
  },
];

const trials: readonly VerbSpec[] = [
  {
    name: 'demo',
    group: 'Try it',
    summary: 'run a network live in a sandbox, with guests, and show what reaches what',
    about:
      'Everything happens in private namespaces, with a second one playing the outside world. Two guests get their addresses by a real DHCP client; every line of the picture is tested by packets. Nothing is left behind.',
    operands: [{ name: '[file]', says: 'a network document; examples/default.xml without one' }],
    options: [json('{ network, ok, plan, checks, left }')],
    examples: [
      { line: 'demo', says: 'the default network' },
      { line: 'demo examples/routed.xml', says: 'another one' },
    ],
    load: () => import('./verbs/demo.ts'),
  },
  {
    name: 'sandbox',
    group: 'Try it',
    summary: 'run a shell or a command with a private network and private virtnet folders',
    about: 'Works for root and, where user namespaces are allowed, for everybody. All of it ends with the command.',
    operands: [{ name: '[command...]', says: 'what to run, after --; your shell without one' }],
    options: [],
    examples: [
      { line: 'sandbox', says: 'a shell' },
      { line: 'sandbox -- sh -c "virtnet up examples/default.xml; virtnet list"', says: 'a command' },
    ],
    load: () => import('./verbs/sandbox.ts'),
  },
  {
    name: 'completion',
    group: 'Try it',
    summary: 'print what makes a shell complete verbs, options and names of networks',
    operands: [{ name: '<shell>', says: 'bash, zsh or fish' }],
    options: [],
    examples: [
      { line: 'completion bash > /etc/bash_completion.d/virtnet', says: 'for everybody, from the next shell on' },
      { line: 'completion fish | source', says: 'for this shell' },
    ],
    load: async () => ({ run: (await import('./verbs/completion.ts')).completion(verbs) }),
  },
];

export const verbs: readonly VerbSpec[] = [...documents, ...networks, ...guests, ...trials];
