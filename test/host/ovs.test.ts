// last: few hosts have Open vSwitch
// root: tcpdump, which becomes another user
import { ovsSuite } from '../support/ovs-suite.ts';

ovsSuite('netdev');
