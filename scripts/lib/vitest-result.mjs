/** Reads what vitest's JSON reporter wrote into plain counts. */
import { appendFileSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ passed: number, failed: number, skipped: string[], failures: { name: string, message: string }[] }} Counts
 */

/**
 * @param {string} text the reporter's JSON; empty where the run wrote none
 * @returns {object | undefined} undefined for what is no JSON
 */
export function parseReport(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads a report's file; as `parseReport`, and undefined where there is none. */
export function reportOf(path) {
  try {
    return parseReport(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * A file that could not be loaded and a run that ended badly without a failed test each count as one failure.
 * @param {object | undefined} report what the reporter wrote; undefined where the run wrote none
 * @param {number | null} status the exit status of vitest
 * @returns {Counts}
 */
export function countsOf(report, status) {
  const counts = { passed: 0, failed: 0, skipped: [], failures: [] };
  if (report === undefined) {
    counts.failed = 1;
    counts.failures.push({ name: 'the run itself', message: `ended with status ${status} before it wrote a result` });
    return counts;
  }
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') {
        counts.failed += 1;
        counts.failures.push({ name: test.fullName, message: test.failureMessages.join('\n') });
      } else counts.skipped.push(test.fullName);
    }
    // A hook of the file that fails, or a file that does not load, fails the file without failing a test.
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) {
      counts.failed += 1;
      counts.failures.push({ name: file.name, message: file.message });
    }
  }
  if (status !== 0 && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push({
      name: 'the run itself',
      message: `ended with status ${status} though no test failed (an error outside of the tests?)`,
    });
  }
  return counts;
}

/** Adds `SUITE PASSED FAILED` to the file that scripts/test.sh sums up. */
export function record(countsPath, suite, passed, failed) {
  if (countsPath !== undefined) appendFileSync(countsPath, `${suite} ${passed} ${failed}\n`);
}

/** Takes `--NAME VALUE` out of the arguments. */
export function takeOption(args, name) {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}
