import { virshShowsTheSame } from './rpc/differential.ts';
import { updateScripts } from './rpc/virsh-scripts.ts';

virshShowsTheSame(updateScripts);
