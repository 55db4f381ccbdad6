export const swap = {
  'swap.problem.same': 'A meeting can’t swap rooms with itself.',
  'swap.problem.noRoom': 'One of the two meetings has no room to swap.',
  'audit.meeting.swapRooms': 'Swapped rooms with another meeting',
  'audit.meeting.accommodate': 'Moved to another room because of a closure',
  'audit.closure.update': 'Changed the closure of the room',
  'swap.title': 'Swap rooms',
  'swap.explain':
    'Two meetings change rooms, each at its own time. Both do, or neither; everybody concerned is told.',
  'swap.with': 'Swap with',
  'swap.line': '{title} · {when} · {rooms}',
  'swap.sameTime': 'At the same time',
  'swap.has': 'It has {rooms} now.',
  'swap.none':
    'There is no other meeting around that time whose room you could swap. You must be allowed to edit both.',
  'swap.swap': 'Swap the rooms',
  'swap.refused': 'Nothing has been changed. One of the meetings can’t have the other’s room:',
  'swap.stale': 'One of the two meetings has been changed meanwhile. Look at both once more.',
  'swap.choose': 'Choose the other meeting.',
  'swap.notice': 'The two meetings have swapped rooms.',
  'swap.edit': 'Choose another room instead',
  'swap.needsRoom': 'This meeting has no room to swap.',
} as const;
