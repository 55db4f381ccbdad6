export const polls = {
  'polls.list.title': '时间征询',
} as const;
