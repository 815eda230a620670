import type { NetworkDriver } from '../driver/driver.ts';

/** The state of the networks in the Prometheus text format, version 0.0.4. */
export async function metricsText(driver: NetworkDriver): Promise<string> {
  const networks = await driver.list();
  const active = networks.filter((n) => n.active);
  const ports: Sample[] = [];
  const leases: Sample[] = [];
  for (const { name, uuid } of active) {
    const labels = { network: name };
    ports.push({ labels, value: (await driver.ports({ uuid })).length });
    leases.push({ labels, value: (await driver.leases({ uuid })).length });
  }
  const memory = process.memoryUsage.rss();
  return [
    metric(
      'virtnet_network_active',
      'gauge',
      '1 for a running network',
      networks.map((n) => ({ labels: { network: n.name }, value: n.active ? 1 : 0 })),
    ),
    metric('virtnet_network_ports', 'gauge', 'guests plugged into a running network', ports),
    metric('virtnet_network_leases', 'gauge', 'DHCP leases of a running network', leases),
    metric('virtnet_resident_memory_bytes', 'gauge', 'resident memory of the daemon', [{ labels: {}, value: memory }]),
  ].join('');
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([k, v]) => `${k}="${v.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${String(value)}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
