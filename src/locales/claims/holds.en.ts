/** Rooms held for a poll, or for who waited for them; the same words in calendars, at doors and in answers. */
export const holds = {
  'holds.poll': 'Offered in a poll until {until}',
  'holds.pollOf': '{title} · offered in a poll until {until}',
  'holds.wait': 'Kept for who waits until {until}',
  'holds.waitOf': '{title} · kept for you until {until}',
  'holds.clash.poll':
    '{room} is offered in a poll {when}. {name} asks until {until}. Ask {name} whether the room is still needed, or wait for it: after that it may be free.',
  'holds.clash.pollOf':
    '{room} is offered in a poll {when}: {title}. {name} asks until {until}. Ask {name} whether the room is still needed, or wait for it: after that it may be free.',
  'holds.clash.wait':
    '{room} is kept {when} for who waited for it, until {until}. Wait for it too: if it is not taken by then, the next has it.',
  'holds.clash.waitOf':
    '{room} is kept {when} for your meeting {title} until {until}. Take it on the page of that meeting.',
  'holds.key': 'Not decided yet: requested, in a poll, or kept',
  'holds.door.word': 'Reserved',
  'holds.door.soon': 'Free, soon reserved',
  'holds.closure.heading': 'Kept all the same',
  'holds.closure_one':
    'One time is kept although the room is closed then. Tell who keeps it: the room stays closed once it is given up.',
  'holds.closure_other':
    '{count} times are kept although the room is closed then. Tell who keeps them: the room stays closed once they are given up.',
} as const;
