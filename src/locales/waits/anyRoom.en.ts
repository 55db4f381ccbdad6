/** Waiting for any room of a kind. */
export const anyRoom = {
  'waits.any.button_one': 'Wait for any room with {count} seat',
  'waits.any.button_other': 'Wait for any room with {count} seats',
  'waits.any.buttonHere_one': 'Wait for any with {count} seat in {building}',
  'waits.any.buttonHere_other': 'Wait for any with {count} seats in {building}',
  'waits.any.what_one': 'any room with {count} seat',
  'waits.any.what_other': 'any room with {count} seats',
  'waits.any.whatHere_one': 'any room with {count} seat in {building}',
  'waits.any.whatHere_other': 'any room with {count} seats in {building}',
  'waits.any.noneFits': 'No room with that many seats can be booked at that time, even when all are free.',
  'waits.any.joined':
    'The meeting is saved and waits for the first room that fits. You get a mail when one is held for you.',
} as const;
