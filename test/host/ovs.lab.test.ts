// last: few hosts have Open vSwitch
import { execFileSync } from 'node:child_process';
import { ovsSuite } from '../support/ovs-suite.ts';

execFileSync('modprobe', ['openvswitch']);
ovsSuite('system');
