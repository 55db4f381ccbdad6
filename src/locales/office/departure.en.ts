/** What somebody who leaves answers for, besides meetings and actions. */
export const departure = {
  'departure.owner': 'Answers for the room',
  'departure.approver': 'Approves requests for the room',
  'departure.polls_one': '{count} open poll.',
  'departure.polls_other': '{count} open polls.',
  'departure.moved': 'Handed over: meetings {meetings}, actions {actions}, rooms {rooms}, polls {polls}.',
  'departure.movedSome':
    'Handed over: meetings {meetings}, actions {actions}, rooms {rooms}, polls {polls}. Private ones that stay: {stayed}.',
  'audit.room.handOver': 'Handed the room over',
  'audit.poll.handOver': 'handed a poll over',
} as const;
