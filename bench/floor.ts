import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The least that any program must do, from a shell. */
export function floor(folder: string): { up: () => void; down: () => void } {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const batch = file('ip', 'link add floor0 type bridge stp_state 1\naddr add 10.99.0.1/24 dev floor0\nlink set floor0 up\n');
  const rules = file(
    'nft',
    'table inet floor {\n chain f { type filter hook forward priority 0; oifname "floor0" ip daddr 10.99.0.0/24 ct state established,related accept; oifname "floor0" reject; iifname "floor0" ip saddr 10.99.0.0/24 accept; iifname "floor0" reject; }\n chain n { type nat hook postrouting priority srcnat; ip saddr 10.99.0.0/24 ip daddr != 10.99.0.0/24 masquerade; }\n}\n',
  );
  const conf = file(
    'conf',
    `no-resolv\nexcept-interface=lo\nbind-dynamic\ninterface=floor0\ndhcp-range=10.99.0.2,10.99.0.254\npid-file=${folder}/pid\ndhcp-leasefile=${folder}/leases\n`,
  );
  const upScript = file('up.sh', `ip -batch ${batch} && nft -f ${rules} && dnsmasq --conf-file=${conf}`);
  const downScript = file('down.sh', `kill $(cat ${folder}/pid); nft delete table inet floor; ip link del floor0`);
  return { up: () => void execFileSync('sh', [upScript]), down: () => void execFileSync('sh', [downScript]) };
}
