/** Times that polls offer, in calendars; guests in find-a-time. */
export const pollTimes = {
  'calendar.view.polled': 'Offered in a poll, not decided yet',
  'calendar.find.pollOf': 'Poll: {title}',
  'calendar.find.state.polled': 'offered in a poll',
  'calendar.find.guest': '(guest)',
  'calendar.find.state.unknown': 'not known',
  'calendar.find.colleaguesFree': 'all colleagues free',
  'calendar.find.notKnown': 'not known whether free: {names}',
  'calendar.find.tooManyGuests': 'At most {count} guests at once.',
  'calendar.find.usedWithout':
    'The meeting is made, its rooms are booked. These addresses belong to people who have left and were left out: {addresses}',
} as const;
