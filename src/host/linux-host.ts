import type { HostPaths } from '../compile/facts.ts';
import { readCounters } from './links/counters.ts';
import { readNodes } from './links/device-nodes.ts';
import { checkServer } from './dnsmasq/dnsmasq.ts';
import { executeSteps } from './execute.ts';
import { readFacts, readPortFacts } from './facts.ts';
import { foreignChains } from './firewall/foreign-chains.ts';
import { legacyChains } from './firewall/legacy-chains.ts';
import { AheadListing, type HostTools } from './handler.ts';
import { checkGuestEnds } from './links/guest-ends.ts';
import { checkHolders } from './links/holders.ts';
import type { Host } from './host.ts';
import { IpTool } from './iproute/ip-coprocess.ts';
import { LinkDump } from './iproute/link-dump.ts';
import { readListeners } from './system/listeners.ts';
import { awaitedLock, freeKeptLock, takeLock, type LockOptions } from './lock/lock.ts';
import { listTable } from './firewall/nft.ts';
import { observeHost } from './observe.ts';
import { TcTool } from './iproute/tc.ts';

export interface LinuxHostOptions {
  readonly paths: HostPaths;
  /** Tests give a folder of their own for what they do not have (SR-IOV cards). */
  readonly sysfs?: string;
  /** One step at a time instead of batches: for tests that stop in between. */
  readonly stepSize?: 'batch' | 'single';
  /** For a process that serves many changes one after another, see `LockOptions`. */
  readonly keepLockMs?: number | undefined;
  /** Another process has had the lock for a second that a change waits for, see `LockOptions`. */
  readonly onWait?: LockOptions['onWait'];
}

/** This machine, in the network namespace of this process. */
export function linuxHost(options: LinuxHostOptions): Host {
  const { runDir } = options.paths;
  const ip = new IpTool('ip');
  const tools: HostTools = {
    ip,
    dump: new LinkDump(ip),
    tc: new TcTool('/proc'),
    paths: options.paths,
    ahead: new AheadListing(),
    sysfs: options.sysfs ?? '/sys',
    proc: '/proc',
  };
  return {
    paths: options.paths,
    facts: () => readFacts(tools),
    counters: () => Promise.resolve(readCounters(tools.proc)),
    deviceNodes: (devices) => readNodes(devices, tools),
    portFacts: (wanted) => readPortFacts(wanted, tools),
    prepare: () => tools.ahead.ask(listTable),
    observe: (request) => observeHost(request, tools),
    checkTools: checkServer,
    foresee: async (steps) => {
      await checkGuestEnds(steps);
      await checkHolders(steps);
    },
    execute: (steps, given = {}) => executeSteps(steps, tools, given, options.stepSize ?? 'batch'),
    foreignChains: async () => (await Promise.all([foreignChains(), legacyChains(tools.proc)].map((read) => read.catch(() => [])))).flat(),
    listeners: () => Promise.resolve(readListeners(tools.proc)),
    lock: async (purpose, given = {}) => {
      const lock = await takeLock(runDir, purpose, {
        timeoutMs: given.timeoutMs ?? 30_000,
        keepMs: options.keepLockMs,
        onWait: options.onWait,
      });
      if (lock.undisturbed !== true) tools.tc.forget(); // another process may have made devices anew
      return lock;
    },
    awaitedLock: () => awaitedLock(runDir),
    [Symbol.asyncDispose]: async () => {
      tools.ip.close();
      tools.tc.close();
      await freeKeptLock(runDir);
    },
  };
}
