import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NetworkDriver } from '../driver/driver.ts';
import { operations, type Operation } from '../driver/remote/operations.ts';
import { httpServer } from './server.ts';
import { httpPage, routes } from './routes.ts';

const PAGE = 'docs/reference/http.md';

it('docs/reference/http.md is what the table of operations says', () => {
  if (process.env['UPDATE'] === '1') writeFileSync(PAGE, httpPage());
  expect(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '').toBe(httpPage());
});

it('the server has every route that the page names', async () => {
  const app = await httpServer({} as NetworkDriver);

  for (const { method, path } of routes) expect(app.hasRoute({ method: method as 'GET', url: path }), `${method} ${path}`).toBe(true);
  await app.close();
});

describe.each(Object.entries(operations as unknown as Record<string, Operation<readonly unknown[], unknown>>))('%s', (_, operation) => {
  it('reads the words of the query that it declares, and no others', async () => {
    const read = new Set<string>();
    const query = new Proxy<Record<string, string>>({}, { get: (_target, word) => void read.add(String(word)) });
    const driver = new Proxy({} as NetworkDriver, { get: () => () => Promise.resolve() });
    await operation.handle(driver, { params: {}, query, body: {} });
    expect([...read].filter((word) => word !== 'by').toSorted()).toEqual([...(operation.query ?? [])].toSorted());
    expect(read.has('by')).toBe(operation.path.includes(':ref'));
  });
});
