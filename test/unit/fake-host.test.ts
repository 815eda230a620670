import { describe, it } from 'vitest';
import { contract } from '../support/contract.ts';
import { fakeHost } from '../support/fake-host.ts';

describe('the host in memory', () => {
  it.each(contract)('%s', (_, holds) => holds(fakeHost()));
});
