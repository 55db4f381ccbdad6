import { addDays } from '../../src/lib/time/zone.js';
import type { BenchData } from './data.js';

/** Finding a time: eight people, twenty rooms, two weeks full of meetings; each request asks for other people. At most 30 ms. */
export function findPath(data: BenchData, n: number): string {
  const people = Array.from({ length: 8 }, (_, at) => data.personIds[(n * 8 + at * 23) % data.personIds.length] ?? 1);
  const query = new URLSearchParams({ asked: '1', minutes: '60', when: 'span', from: data.day, to: addDays(data.day, 13) });
  people.forEach((id, at) => query.append(at < 6 ? 'p' : 'o', String(id)));
  return `/find-a-time?${query.toString()}`;
}
