import type { AttachRequest, ChangeOptions, NetworkDriver } from '../../../src/driver/driver.ts';
import { shaperName } from '../../../src/host/marks.ts';
import { sh } from '../driver-documents.ts';
import { mac, uuid } from '../ports.ts';
import * as documents from './documents.ts';

export type Call = (driver: NetworkDriver, options: ChangeOptions) => Promise<unknown>;

/** One kind of plan: what is there before it, the call that makes and carries out the plan, and the call that goes the other way. */
export interface PlanCase {
  readonly name: string;
  readonly before: (driver: NetworkDriver) => Promise<unknown>;
  readonly there: Call;
  /** Leads from what `there` made to what `before` made. Without one, everything is cleared and `before` made again. */
  readonly back?: Call;
  /** What the next run does after a repair; a change that ends in several parts is finished by its own call. */
  readonly next?: Call;
  /** The call tells a failure instead of throwing it. */
  readonly tells?: true;
  /** `before` leaves something to repair. */
  readonly damaged?: true;
  /** Guests `g1` and `g2` are plugged, and lose no packet to one another, whatever happens. */
  readonly silent?: true;
}

const { edited, edits } = documents;
const up =
  (...texts: string[]): Call =>
  (driver, options) =>
    driver.up(texts, options);

/** A guest's port with all names given, so that it is the same each time. */
export const guest = (n: number, attachment: AttachRequest['attachment'], more = '', rest: Partial<AttachRequest> = {}): AttachRequest => ({
  document: `<networkport><uuid>${uuid(100 + n)}</uuid><owner><name>g${String(n)}</name><uuid>${uuid(200 + n)}</uuid></owner>
    <mac address='${mac(n)}'/>${more}</networkport>`,
  attachment,
  ...rest,
});
const veth = (n: number, more = '', rest: Partial<AttachRequest> = {}): AttachRequest =>
  guest(n, { type: 'netns', netns: `g${String(n)}`, guestDev: 'eth0', dev: `vg${String(n)}` }, more, rest);
const tap = (n: number, more = '', rest: Partial<AttachRequest> = {}): AttachRequest =>
  guest(n, { type: 'tap', dev: `tg${String(n)}` }, more, rest);
const macvtap = (n: number, more = ''): AttachRequest => guest(n, { type: 'macvtap', dev: `mg${String(n)}` }, more);
const attach =
  (network: string, request: AttachRequest): Call =>
  (driver, options) =>
    driver.attach(network, request, options);
const detach =
  (network: string, n: number): Call =>
  (driver, options) =>
    driver.detach(network, uuid(100 + n), options);

/** Each network is defined beforehand, so that a stop leads back to where it was. */
export function starts(what: string, name: string, text: string): PlanCase {
  return {
    name: `start and stop: ${what}`,
    before: (driver) => driver.define(text),
    there: (driver, options) => driver.start(name, options),
    back: (driver, options) => driver.stop(name, options),
  };
}

/** The edited network with three guests: two in namespaces that have addresses, one on a tap. */
async function withGuests(driver: NetworkDriver): Promise<void> {
  await driver.up([edited()]);
  for (const n of [1, 2]) {
    await driver.attach('n20', veth(n));
    sh(`ip -n g${String(n)} address add 10.7.20.${String(10 + n)}/24 dev eth0; ip -n g${String(n)} route add default via 10.7.20.1`);
  }
  await driver.attach('n20', tap(3, "<bandwidth><inbound average='3000'/><outbound average='4000'/></bandwidth>"));
}

const plain =
  (n: number): ((driver: NetworkDriver) => Promise<unknown>) =>
  async (driver) => {
    await driver.up([n === 1 ? documents.everything : edited()]);
  };

const FLOOR = "<bandwidth><inbound average='900' floor='500'/></bandwidth>";
const LIMITS = "<bandwidth><inbound average='3000' peak='4000' burst='500'/><outbound average='2000' burst='3000'/></bandwidth>";

/** How a guest comes and goes, for each kind of device and each thing that a port can ask for. */
const plugs: readonly PlanCase[] = [
  { name: 'a veth', network: 'n20', n: 1, request: veth(1) },
  { name: 'a veth with limits, isolated', network: 'n20', n: 1, request: veth(1, LIMITS, { isolated: true }) },
  { name: 'a tap', network: 'n20', n: 3, request: tap(3) },
  { name: 'a tap with a guaranteed rate', network: 'n20', n: 3, request: tap(3, FLOOR) },
  { name: 'a tap that somebody else makes, with a guaranteed rate', network: 'n20', n: 3, request: guest(3, { type: 'none' }, FLOOR) },
  { name: 'a veth where the MAC table is kept', network: 'n1', n: 1, request: veth(1) },
].map(({ name, network, n, request }) => ({
  name: `attach and detach: ${name}`,
  before: plain(network === 'n1' ? 1 : 20),
  there: attach(network, request),
  back: detach(network, n),
})); // prettier-ignore

const hosted: readonly PlanCase[] = [
  { what: 'a tap on a bridge of the host, with limits', text: documents.hostBridge, network: 'n7', n: 3, request: tap(3, LIMITS) },
  { what: 'a tap that MidoNet takes', text: documents.midonet, network: 'n30', n: 3, request: tap(3) },
  { what: 'a macvtap that a switch with 802.1Qbg is told of', text: documents.qbg(42), network: 'n31', n: 1, request: macvtap(1) },
  { what: 'a macvtap with a port profile of its card', text: documents.qbh, network: 'n32', n: 1, request: macvtap(1) },
  ...documents.direct.map(({ mode, name, document }) => ({
    what: `a macvtap in mode ${mode}, with limits`,
    text: document,
    network: name,
    n: 1,
    request: macvtap(1, LIMITS),
  })),
].map(({ what, text, network, n, request }) => ({
  name: `attach and detach: ${what}`,
  before: up(text) as PlanCase['before'],
  there: attach(network, request),
  back: detach(network, n),
}));

/** Guests of pools whose network changes or stops, and who are gone. */
const pooled: readonly PlanCase[] = [
  {
    name: 'edit with a macvtap plugged: another VLAN that a switch is told of',
    before: async (driver) => {
      await driver.up([documents.qbg(42)]);
      await driver.attach('n31', macvtap(1));
    },
    there: up(documents.qbg(7)),
    back: up(documents.qbg(42)),
  },
  {
    name: 'edit with a macvtap plugged: another mode, and trust',
    before: async (driver) => {
      await driver.up([documents.shared]);
      await driver.attach('n33', macvtap(1));
    },
    there: up(documents.sharedOtherwise),
    back: up(documents.shared),
  },
  {
    name: 'stop and start of networks over a pool, with guests that stay and that switches know',
    before: async (driver) => {
      await driver.up([documents.qbg(42), documents.qbh]);
      await driver.attach('n31', macvtap(1));
      await driver.attach('n32', macvtap(2));
    },
    there: (driver, options) => driver.stopAll(['n31', 'n32'], options),
    back: (driver, options) => driver.startAll(['n31', 'n32'], options),
  },
  {
    name: 'reap of guests whose devices are gone',
    before: async (driver) => {
      await driver.up([edited(), documents.qbg(42), documents.qbh]);
      await driver.attach('n20', tap(3, FLOOR));
      await driver.attach('n31', macvtap(1));
      await driver.attach('n32', macvtap(2));
      sh(`for dev in tg3 ${shaperName('tg3', 'inbound')} mg1 mg2; do ip link delete $dev; done`);
    },
    there: (driver, options) => driver.reap(undefined, options),
  },
];

/** Until they have ended a look at the host finds them alive. */
const KILLED = 'for p in $(cat /run/test/run/dnsmasq/*/pid); do kill -9 $p; while grep -qs . /proc/$p/cmdline; do sleep 0.01; done; done';
const damages: readonly (readonly [string, string])[] = [
  ['rules flushed, address and route gone', 'nft flush ruleset; ip address flush dev vb1 scope global; ip route flush proto 86'],
  // A helper that nothing leads to any more means nothing, and is not put back.
  ['bridge deleted', `ip link delete vb1; ip link delete ${shaperName('vb1', 'inbound')}; rm -f /run/test/run/memo/resolved.*`],
  ['a limit, an entry and settings changed', 'tc filter delete dev vg1 ingress pref 71; bridge link set dev vg1 learning on; ip link set vb1 down; echo 1 >/proc/sys/net/ipv6/conf/vb1/accept_ra'],
  ['dnsmasq killed, its conf edited', `${KILLED}; echo log-queries >>$(echo /run/test/run/dnsmasq/*/conf)`],
]; // prettier-ignore

async function withEverything(driver: NetworkDriver): Promise<void> {
  await driver.up([documents.everything]);
  await driver.attach('n1', veth(1));
}

function repair(what: string, damage: string, make: PlanCase['before']): PlanCase {
  const damaged = (): Promise<unknown> => Promise.resolve(sh(damage));
  return {
    name: `repair: ${what}`,
    before: async (driver) => {
      await make(driver);
      await damaged();
    },
    there: (driver, options) => driver.repair(undefined, options),
    back: damaged,
    damaged: true,
  };
}

const repairs: readonly PlanCase[] = [
  ...damages.map(([what, damage]) => repair(what, damage, withEverything)),
  { ...repair('rules and dnsmasq, beside guests', `nft flush ruleset; ${KILLED}`, withGuests), silent: true },
];

const registered = (domain: string, zone: string): string =>
  edited({
    domain: `<domain name='${domain}.test' localOnly='yes' register='yes'/>`,
    bridge: documents.bridge(20, `stp='off' zone='${zone}'`),
  });

const several = [documents.everything, documents.routed, documents.open, documents.isolated, documents.hostBridge];
const others: readonly PlanCase[] = [
  {
    name: 'several networks in one plan',
    before: async (driver) => {
      for (const text of several) await driver.define(text);
    },
    there: up(...several),
    back: (driver, options) => driver.stopAll(['n1', 'n2', 'n3', 'n4', 'n7'], options),
  },
  {
    name: 'up of a network that is new and of one that is edited',
    before: withGuests,
    there: up(documents.routed, edited({ forward: "<forward mode='open'/>", domain: '' })),
  },
  {
    name: 'start and stop of a network beside guests of another',
    before: async (driver) => {
      await withGuests(driver);
      await driver.define(documents.routed);
    },
    there: (driver, options) => driver.start('n2', options),
    back: (driver, options) => driver.stop('n2', options),
    silent: true,
  },
  {
    name: 'attach and detach of a guest beside others',
    before: withGuests,
    there: attach('n20', tap(4, FLOOR)),
    back: detach('n20', 4),
    silent: true,
  },
  {
    name: 'a port that libvirt makes and deletes, with a guaranteed rate',
    before: withGuests,
    there: (driver) => driver.createPort('n20', guest(4, { type: 'none' }, FLOOR).document ?? ''),
    back: (driver) => driver.deletePort('n20', uuid(104)),
    silent: true,
  },
  {
    name: 'create and stop of a network that is not stored',
    before: () => Promise.resolve(),
    there: (driver) => driver.create(edited()),
    back: (driver, options) => driver.stop('n20', options),
  },
  {
    name: 'stop and start with guests that stay',
    before: withGuests,
    there: (driver, options) => driver.stop('n20', options),
    back: (driver, options) => driver.start('n20', options),
  },
  {
    name: 'undefine of a stopped network with guests that wait',
    before: async (driver) => {
      await driver.up([edited()]);
      // What a guest has set within its namespace goes with its device, and only the guest could set it again: these have set nothing.
      for (const request of [veth(1), veth(2), tap(3)]) await driver.attach('n20', request);
      await driver.stop('n20');
    },
    there: (driver) => driver.undefine('n20'),
  },
  {
    name: 'stop and start of a network on a bridge of the host, with a guest that stays',
    before: async (driver) => {
      await driver.up([documents.hostBridge]);
      await driver.attach('n7', tap(3));
    },
    there: (driver, options) => driver.stop('n7', options),
    back: (driver, options) => driver.start('n7', options),
  },
  {
    name: 'another zone, and another domain that is registered',
    before: up(registered('first', 'lab')) as PlanCase['before'],
    there: up(registered('second', 'den')),
    back: up(registered('first', 'lab')),
  },
  {
    name: 'autostart',
    before: async (driver) => {
      await driver.define(documents.isolated);
      await driver.setAutostart('n4', true);
    },
    there: (driver, options) => driver.autostart(options),
    next: (driver, options) => driver.autostart(options),
    tells: true,
  },
  {
    name: 'net-update of the live document',
    before: withGuests,
    there: (driver) => update(driver, 'add-last'),
    back: (driver) => update(driver, 'delete'),
    silent: true,
  },
  {
    name: 'limits of a port',
    before: withGuests,
    there: (driver) => driver.setPortBandwidth('n20', uuid(101), { inbound: { average: 1000, floor: 500 }, outbound: { average: 700 } }),
    back: (driver) => driver.setPortBandwidth('n20', uuid(101), undefined),
    silent: true,
  },
];

function update(driver: NetworkDriver, command: 'add-last' | 'delete'): Promise<unknown> {
  const fragment = "<host mac='52:54:00:00:00:77' name='seven' ip='10.7.20.77'/>";
  return driver.update('n20', { section: 'ip-dhcp-host', command, parentIndex: -1, fragment, affect: 'live+config' });
}

/** Every kind of plan that works on any kernel. */
export const planCases: readonly PlanCase[] = [
  starts('everything that a document can say', 'n1', documents.everything),
  starts('route', 'n2', documents.routed),
  starts('open', 'n3', documents.open),
  starts('isolated', 'n4', documents.isolated),
  starts('very isolated', 'n5', documents.veryIsolated),
  starts('IPv6 between guests only', 'n6', documents.guestsOnlyV6),
  starts('a bridge of the host with limits', 'n7', documents.hostBridge),
  ...documents.direct.map(({ mode, name, document }) => starts(`macvtap ${mode}`, name, document)),
  ...edits.map(({ what, parts, silent }): PlanCase => ({
    name: `edit with guests plugged: ${what}`,
    before: withGuests,
    there: up(edited(parts)),
    back: up(edited()),
    ...(silent && { silent }),
  })),
  {
    name: 'edit with guests plugged: another subnet, told by bounces of their links',
    before: withGuests,
    there: (driver, options) => driver.up([edited(documents.otherSubnet)], { ...options, bounce: true }),
    back: (driver, options) => driver.up([edited()], { ...options, bounce: true }),
  },
  ...plugs,
  ...hosted,
  ...pooled,
  ...repairs,
  ...others,
];

/** Enough for every day that each kind of step is in one of their plans. */
const EVERY_DAY =
  /everything that|: isolated$|host with limits|fixed host|another limit|MAC table$|all at once|by bounces|bridge of the host instead|: a veth with|MidoNet|a switch with|port profile|is told of$|mode, and trust|rules flushed|that is edited|guests that wait$|guests? that stays?$|net-update|another zone/;

export const everyDay: readonly PlanCase[] = planCases.filter(({ name }) => EVERY_DAY.test(name));

/** The devices, folders and guests that the cases lean on. */
export function prepareMachine(): void {
  sh(`mkdir -p /run/tftp
    ip link add up0 type veth peer name up1; ip address add 203.0.113.1/24 dev up0; ip link set up0 up; ip link set up1 up
    for i in 0 1; do ip link add pool$i type veth peer name peer$i; ip link set peer$i up; done; ip link set pool1 up
    ip link add hbr0 address 52:54:00:00:bb:00 type bridge; ip link set hbr0 up
    for n in 1 2; do ip netns add g$n; ip -n g$n link set lo up; done`);
}

/** Removes every network and guest. */
export async function clear(driver: NetworkDriver): Promise<void> {
  for (const { name, active, persistent } of await driver.list()) {
    if (active) {
      for (const { port } of await driver.ports(name)) await driver.detach(name, port.uuid);
      await driver.stop(name);
    }
    if (persistent) await driver.undefine(name);
  }
  sh('rm -f /run/test/run/autostart-owed'); // it is made once a boot
}
