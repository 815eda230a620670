import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The stock kernel that `sh scripts/setup.sh lab` unpacks. */
const LAB = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'virtnet', 'kernel-lab');

/** What a guest's init does: loads its network driver, then runs each line that comes over the second serial port. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in $(cat /lib/order); do insmod /lib/$m; done
stty -F /dev/ttyS1 raw -echo
ip link set lo up
exec 3<>/dev/ttyS1
echo READY >&3
while read -r line <&3; do
  sh -c "$line" >/tmp/out 2>&1 </dev/null
  code=$?
  cat /tmp/out >&3
  echo "
DONE $code" >&3
done
`;

/** udhcpc's script: takes address, router and resolver as offered. */
const DHCP_SCRIPT = `#!/bin/sh
case $1 in
  bound|renew)
    ifconfig $interface $ip netmask $subnet
    [ -z "$mtu" ] || ifconfig $interface mtu $mtu
    while route del default dev $interface 2>/dev/null; do :; done
    for r in $router; do route add default gw $r dev $interface; done
    : > /etc/resolv.conf
    [ -z "$domain" ] || echo "search $domain" >> /etc/resolv.conf
    for d in $dns; do echo "nameserver $d" >> /etc/resolv.conf; done
    echo "$ip" > /tmp/lease ;;
esac
`;

function newestKernel(): string | undefined {
  const folder = join(LAB, 'boot');
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter((f) => f.startsWith('vmlinuz-'))
    .map((f) => f.slice('vmlinuz-'.length))
    .sort()
    .at(-1);
}

/** Why no guest can be booted here; undefined when one can. */
export function whyNoGuests(): string | undefined {
  if (newestKernel() === undefined) return 'no stock kernel is unpacked: sh scripts/setup.sh lab';
  try {
    execFileSync('qemu-system-x86_64', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'qemu-system-x86_64 is not installed: sh scripts/setup.sh lab';
  }
  return undefined;
}

/** Builds the guests' initramfs (busybox, the virtio network driver, the init above) into a new folder. */
function buildInitramfs(folder: string): string {
  const kernel = newestKernel() ?? '';
  const root = join(folder, 'root');
  for (const dir of ['bin', 'lib', 'proc', 'sys', 'dev', 'tmp', 'etc', 'usr/share/udhcpc']) mkdirSync(join(root, dir), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  const order: string[] = [];
  for (const module of ['virtio_pci', 'virtio_net', 'af_packet']) {
    let plan = '';
    try {
      plan = execFileSync('modprobe', ['-d', LAB, '-S', kernel, '-D', module], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      // Built into the kernel.
    }
    for (const line of plan.split('\n')) {
      const file = /^insmod (\S+)/.exec(line)?.[1];
      if (file === undefined || order.includes(basename(file))) continue;
      copyFileSync(file, join(root, 'lib', basename(file)));
      order.push(basename(file));
    }
  }
  writeFileSync(join(root, 'lib/order'), `${order.join('\n')}\n`);
  writeFileSync(join(root, 'init'), INIT);
  writeFileSync(join(root, 'usr/share/udhcpc/default.script'), DHCP_SCRIPT);
  for (const file of ['init', 'usr/share/udhcpc/default.script', 'bin/busybox']) chmodSync(join(root, file), 0o755);
  const image = join(folder, 'initrd');
  execFileSync('sh', ['-c', 'cd "$1" && find . | cpio -o -H newc --quiet | gzip -1 > "$2"', 'sh', root, image]);
  return image;
}

const APPEND = 'console=ttyS0 quiet panic=-1 no_timer_check';

/** Fills a TFTP folder with the same kernel and initramfs, and a script `boot.ipxe` that boots them. */
export function writeBootFiles(folder: string): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(LAB, 'boot', `vmlinuz-${newestKernel() ?? ''}`), join(folder, 'vmlinuz'));
  rmSync(join(buildInitramfs(folder), '..', 'root'), { recursive: true });
  writeFileSync(
    join(folder, 'boot.ipxe'),
    `#!ipxe\nkernel tftp://\${next-server}/vmlinuz initrd=initrd ${APPEND}\ninitrd tftp://\${next-server}/initrd\nboot\n`,
  );
  for (const file of ['vmlinuz', 'initrd', 'boot.ipxe']) chmodSync(join(folder, file), 0o644);
}

function bootFiles(folder: string): BootFiles {
  const kernel = join(LAB, 'boot', `vmlinuz-${newestKernel() ?? ''}`);
  return { kernel, initrd: buildInitramfs(folder), append: APPEND, console: join(folder, 'console'), agent: join(folder, 'agent') };
}

export interface GuestOptions {
  readonly name: string;
  /** QEMU's arguments for the guest's network device as words of shell: what `virtnet attach --qemu` prints. */
  readonly network?: string;
  /** Boot from the network (iPXE) instead of the test's own kernel. */
  readonly pxe?: boolean;
  /** Somebody else than the test starts QEMU: starts that and gives its process, which is ended with SIGTERM. */
  readonly start?: (boot: BootFiles) => ChildProcess;
}

/** What a machine is started with: its kernel, and where its two serial ports go (a file, and a socket that QEMU listens on). */
export interface BootFiles {
  readonly kernel: string;
  readonly initrd: string;
  readonly append: string;
  readonly console: string;
  readonly agent: string;
}

/** A virtual machine under software emulation, with a way to run commands in it. */
export class Guest implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #endsBy: 'SIGKILL' | 'SIGTERM';
  #agent: Socket | undefined;
  #pending = '';

  private constructor(name: string, child: ChildProcess, folder: string, endsBy: 'SIGKILL' | 'SIGTERM') {
    this.name = name;
    this.#child = child;
    this.#folder = folder;
    this.#endsBy = endsBy;
  }

  /** Boots a guest and waits until its init answers; with `pxe` the network must bring the files of `writeBootFiles`. */
  static async boot(options: GuestOptions): Promise<Guest> {
    const folder = mkdtempSync(join(tmpdir(), 'virtnet-guest-'));
    const child = options.start ? options.start(bootFiles(folder)) : Guest.#qemu(options, folder);
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
    const guest = new Guest(options.name, child, folder, options.start ? 'SIGTERM' : 'SIGKILL');
    try {
      await guest.#connect();
    } catch (cause) {
      await guest[Symbol.asyncDispose]();
      throw new Error(`guest ${options.name} did not come up: ${words}`, { cause });
    }
    return guest;
  }

  static #qemu(options: GuestOptions, folder: string): ChildProcess {
    const files = options.pxe ? undefined : bootFiles(folder);
    const boot = files ? ['-kernel', files.kernel, '-initrd', files.initrd, '-append', files.append] : ['-boot', 'n'];
    const args = [
      ...['-machine', 'pc,accel=tcg', '-cpu', 'max', '-m', '256', '-nodefaults', '-display', 'none', '-no-reboot'],
      ...['-serial', `file:${join(folder, 'console')}`],
      ...['-chardev', `socket,id=agent,path=${join(folder, 'agent')},server=on,wait=off`, '-serial', 'chardev:agent'],
      ...boot,
    ];
    return spawn('sh', ['-c', `exec qemu-system-x86_64 "$@" ${options.network ?? ''}`, 'sh', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  async #connect(): Promise<void> {
    const path = join(this.#folder, 'agent');
    for (let i = 0; i < 400 && !existsSync(path) && this.#child.exitCode === null; i++) await sleep(50);
    this.reconnect();
    await this.#until(/READY\n/, 180_000);
  }

  /** Its QEMU is another one (it was saved and restored): that one's second serial port is used from here on. */
  reconnect(): void {
    this.#agent?.destroy();
    this.#agent = connect(join(this.#folder, 'agent'));
    this.#agent.setEncoding('utf8');
    this.#agent.on('data', (chunk: string) => (this.#pending += chunk));
    this.#agent.on('error', () => undefined);
  }

  /** Runs one line of shell in the guest. */
  async run(line: string, timeoutMs = 30_000): Promise<{ readonly code: number; readonly output: string }> {
    this.#pending = '';
    this.#agent?.write(`${line}\n`);
    const [output, match] = await this.#until(/\nDONE (\d+)\n/, timeoutMs);
    return { code: Number(match[1]), output: output.trim() };
  }

  async #until(pattern: RegExp, timeoutMs: number): Promise<[string, RegExpExecArray]> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#pending);
      if (match) return [this.#pending.slice(0, match.index), match];
      if (Date.now() > end || this.#child.exitCode !== null) {
        throw new Error(`guest ${this.name}: no answer; it said ${JSON.stringify(this.#pending)}; console: ${this.console().slice(-500)}`);
      }
      await sleep(20);
    }
  }

  /** What the guest printed on its console. */
  console(): string {
    const file = join(this.#folder, 'console');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Asks for a lease; the address given, or undefined. */
  async dhcp(device = 'eth0'): Promise<string | undefined> {
    const { code } = await this.run(`ip link set ${device} up; udhcpc -i ${device} -n -q -t 10 -T 1 -s /usr/share/udhcpc/default.script`);
    return code === 0 ? (await this.run('cat /tmp/lease')).output : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.destroy();
    if (this.#child.exitCode === null) {
      const gone = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill(this.#endsBy);
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
