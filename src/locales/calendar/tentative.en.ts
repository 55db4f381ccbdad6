/** Requests that don't hold the room: seen in calendars and at doors, while the room can still be booked. */
export const tentative = {
  'tentative.free': 'Requested, still free',
  'tentative.book': 'Still free: book',
  'tentative.bookHeard': '{room}, {from} to {to}, although it is requested',
  'tentative.heard': '(requested, not held)',
  'tentative.title': 'Requested',
  'tentative.titled': 'Requested: {title}',
} as const;
