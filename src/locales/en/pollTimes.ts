/** Times that polls offer, in calendars; guests in find-a-time. */
export const pollTimes = {
  'calendar.day.polled': 'Held for a poll',
  'calendar.day.polledOf': 'Held for a poll: {title}',
  'calendar.view.polled': 'Poll, not decided yet',
  'calendar.find.pollOf': 'Poll: {title}',
  'calendar.find.state.polled': 'held for a poll',
} as const;
