import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Where tests of files work: in memory where the machine has such a place, since they sync thousands of times. */
export const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
