export const hours = {
  'hours.check.closedFor': '{room} is closed on {day}: {reason}.',
  'hours.check.otherHours': '{room} is open {hours} on {day}: {reason}.',
  'hours.day.closedFor': 'Closed: {reason}',
} as const;
