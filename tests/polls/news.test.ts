import { isAnyNews, newsOf, knownPollOf } from '../../src/polls/news.js';

describe('what is news', () => {
  const poll = { title: 'A', deadline_at: new Date('2030-03-06T09:00Z') };
  const time = (one: number, rooms: number[], is_held = true) => ({ id: one, room_ids: rooms, is_held });
  const told = knownPollOf(poll, [time(1, [5]), time(2, [])], { 1: 'yes', 2: 'no' });
  const none = { title: false, deadline: false, removed: [], added: [], rooms: [] };
  test.each([
    ['nothing', poll, [time(1, [5]), time(2, [])], none],
    ['another title', { ...poll, title: 'B' }, [time(1, [5]), time(2, [])], { ...none, title: true }],
    [
      'another deadline',
      { ...poll, deadline_at: new Date('2030-03-06T10:00Z') },
      [time(1, [5]), time(2, [])],
      { ...none, deadline: true },
    ],
    ['a time less', poll, [time(2, [])], { ...none, removed: [1] }],
    ['a time more', poll, [time(1, [5]), time(2, []), time(3, [])], { ...none, added: [3] }],
    ['another room', poll, [time(1, [6]), time(2, [])], { ...none, rooms: [1] }],
    ['a room that is held no longer', poll, [time(1, [5], false), time(2, [])], { ...none, rooms: [1] }],
  ])('%s', (what, now, offered, news) => {
    const found = newsOf(
      told,
      now,
      offered,
      Object.fromEntries(
        offered.filter(({ id: one }) => one < 3).map(({ id: one }) => [one, 'yes' as const]),
      ),
    );
    expect(found).toEqual(news);
    expect(isAnyNews(found)).toBe(what !== 'nothing');
  });
});
