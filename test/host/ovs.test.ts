import { ovsSuite } from '../support/ovs-suite.ts';

ovsSuite('netdev');
