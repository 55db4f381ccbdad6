import { addDays } from '../../src/lib/time/zone.js';
import type { BenchData } from './data.js';

/**
 * Finding a time: eight people, twenty rooms, two weeks from a day on; each request asks for other people. At
 * most 30 ms.
 */
export function findPath(data: BenchData, from: string, n: number): string {
  // Of the first hundred, who have the same meetings at every size.
  const people = Array.from({ length: 8 }, (_, at) => data.personIds[(n * 8 + at * 23) % 100] ?? 1);
  const query = new URLSearchParams({ asked: '1', minutes: '60', when: 'span', from, to: addDays(from, 13) });
  people.forEach((id, at) => query.append(at < 6 ? 'p' : 'o', String(id)));
  return `/find-a-time?${query.toString()}`;
}
