/** What each event of the history says; the name after `audit.` is the event's action. */
export const audit = {
  'audit.other': 'Changed something',
} as const;
