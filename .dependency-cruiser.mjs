/**
 * Which room may import which. Each rule's comment says what to do instead of breaking it.
 * The order of the rooms is the order of docs/architecture.md: base <- inet <- xml <- network <- interface <- forwards <- compile <- plan,
 * then host and reconcile, then driver, then the faces.
 */
const pure = ['base', 'inet', 'xml', 'network', 'interface', 'forwards', 'compile', 'plan'];
const faces = ['libvirt-rpc', 'http', 'cli'];
const layers = [...pure, 'host', 'reconcile', 'driver', ...faces];
const room = (...names) => `^src/(${names.join('|')})/`;
const tests = '[.]test[.]ts$';

/** A pure room, host, reconcile and driver may import the rooms before them and themselves, nothing after. */
const oneWay = layers.slice(0, -faces.length).map((name, index) => ({
  name: `one-way-from-${name}`,
  comment: `${name} stands before ${layers.slice(index + 1).join(', ')}. Move what you need down to the room that both may use, or pass it in as an argument.`,
  severity: 'error',
  from: { path: room(name) },
  to: { path: room(...layers.slice(index + 1)) },
}));

/** Folders inside a large room, each with what it builds on before it; the files beside them may use all of these. */
const inside = {
  host: ['tools', 'system', 'iproute', 'lock', 'leases', 'links', 'bridges', 'limits', 'firewall', 'dnsmasq', 'sriov', 'switches'],
  driver: ['libxml2', 'state', 'store', 'engine', 'operations'],
};

const insideOneWay = Object.entries(inside).flatMap(([name, folders]) =>
  folders.slice(0, -1).map((folder, index) => ({
    name: `one-way-from-${name}-${folder}`,
    comment: `In ${name}, ${folder} stands before ${folders.slice(index + 1).join(', ')}. Move what you need down, or pass it in as an argument.`,
    severity: 'error',
    from: { path: `^src/${name}/${folder}/`, pathNot: tests },
    to: { path: `^src/${name}/(${folders.slice(index + 1).join('|')})/` },
  })),
);

/** @type {import('dependency-cruiser').IConfiguration} */
const config = {
  forbidden: [
    ...oneWay,
    ...insideOneWay,
    {
      name: 'tools-of-the-host-know-no-resources',
      comment:
        'How programs are run, files read, locks held and leases kept does not depend on the kinds of resources: what does belongs beside handler.ts.',
      severity: 'error',
      from: { path: '^src/host/(tools|system|iproute|lock|leases)/', pathNot: tests },
      to: { path: '^src/host/[^/]+$' },
    },
    {
      name: 'pure-rooms-know-no-node',
      comment: 'base to plan run in a browser and in a dry run. Take the value as an argument, or do the effect in src/host.',
      severity: 'error',
      from: { path: room(...pure), pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-rooms-know-few-packages',
      comment: 'Only src/xml may use a package (the XML parser). Write the small thing by hand, or put it in a room with effects.',
      severity: 'error',
      from: { path: room(...pure.filter((name) => name !== 'xml')), pathNot: tests },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'host-only-spawns',
      comment: 'Only src/host starts processes: use its runner, which takes an argument array, caps the time and keeps the stderr.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/host/|${tests}` },
      to: { path: '^(node:)?(child_process|cluster|worker_threads)$' },
    },
    {
      name: 'faces-stand-alone',
      comment: 'A face builds on driver alone. What two faces share belongs in driver or below.',
      severity: 'error',
      from: { path: `^src/(${faces.join('|')})/` },
      to: { path: room(...faces), pathNot: '^src/$1/' },
    },
    {
      name: 'faces-leave-the-machine-to-the-driver',
      comment:
        'Only the sandbox, demo and guest verbs of the command may use src/host directly; for the rest ask the driver for the operation.',
      severity: 'warn',
      from: { path: room('libvirt-rpc', 'http'), pathNot: tests },
      to: { path: room('host', 'reconcile') },
    },
    {
      name: 'no-circular',
      comment: 'Two files that import one another are one file or three: move the shared part to a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'tests-import-no-tests',
      comment: 'Put what two tests share in test/support/ (or beside the sources as a plain module).',
      severity: 'error',
      from: { path: tests },
      to: { path: tests },
    },
    {
      name: 'sources-import-no-tests',
      comment: 'A source may not lean on a test or on test support; move the helper into src.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: `${tests}|^test/|^bench/` },
    },
    {
      name: 'no-dev-packages-in-sources',
      comment: 'A user of the package has no devDependencies: make it a dependency on purpose, or leave it out.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/node' },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import points nowhere: mind the .ts ending, and `npm ci` after a pull.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};

// depcruise reads the configuration from the default export.
export default config;
