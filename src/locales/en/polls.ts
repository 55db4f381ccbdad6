export const polls = {
  'polls.list.title': 'Polls',
} as const;
