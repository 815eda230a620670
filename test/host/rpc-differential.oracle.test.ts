import { virshShowsTheSame } from './rpc/differential.ts';
import { otherScripts } from './rpc/virsh-scripts.ts';

// The scripts of `net-update` are in a file of their own: a slow machine needs minutes for either.
virshShowsTheSame(otherScripts);
