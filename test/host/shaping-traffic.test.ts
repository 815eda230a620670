import { shapingSuite } from '../support/shaping-suite.ts';

shapingSuite();
