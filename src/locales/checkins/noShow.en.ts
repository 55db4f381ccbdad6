export const noShow = {
  'meetings.day.released':
    'The room was given up because nobody had checked in in time, and somebody else has it now.',
  'meetings.day.tookBack': 'The room is yours again.',
  'meetings.day.due': 'Please check in by {time}: after that the room is given up.',
  'meetings.day.lost':
    'Nobody had checked in by {due}, {minutes} minutes after the beginning, so {rooms} was given up at {time}.',
  'meetings.day.lostMany':
    'Nobody had checked in by {due}, {minutes} minutes after the beginning, so {rooms} were given up at {time}.',
  'meetings.day.takeBack': 'We are here: take the room back',
  'meetings.day.takeBackLink': 'Take the room back',
  'meetings.day.findRoom': 'Find a free room now',
  'noShow.pill': 'No-show',
  'noShow.door.due': 'Check in by {time}, or the room is given up',
  'noShow.mail.remind': 'Check in by {time}: {title}',
  'noShow.mail.remindText':
    '{title} has begun and nobody has checked in yet. The rules of the room give it up at {time}.',
  'noShow.mail.checkIn': 'Check in',
  'noShow.mail.lost': 'Room given up: {title}',
  'noShow.mail.lostText':
    'Nobody had checked in {minutes} minutes after {title} began, so the room was given up for others, as its rules say. The meeting itself is not cancelled.',
  'noShow.mail.room': 'Room',
  'noShow.mail.when': 'Time',
  'noShow.mail.released': 'Given up at',
  'noShow.mail.takeBack': 'Take the room back',
  'noShow.mail.note':
    'If you don’t need the room next time, please call the meeting off: somebody else will be glad of it.',
  'noShow.rate.label': 'No-shows, last 90 days',
  'noShow.rate.value': '{percent} ({count} of {total} bookings that had to be checked in to)',
  'noShow.rate.none': 'no booking had to be checked in to yet',
  'noShow.series.notice': 'Nobody came to the last dates: {days}. Is {name} still needed?',
  'noShow.series.keep': 'It goes on',
  'noShow.series.end': 'End it',
  'noShow.series.change': 'Change the rule',
  'noShow.series.kept': 'Noted: it goes on.',
  'noShow.series.today': 'Nobody comes to {name}',
  'noShow.series.todayNote': 'Keep it, hold it less often, or end it',
  'noShow.series.subject': 'Nobody comes to {name}: is it still needed?',
  'noShow.series.text':
    'Nobody checked in on the last dates of {name}: {days}. Each time the room was kept from others. Let it go on, hold it less often, or end it.',
  'noShow.series.open': 'Decide',
  'desk.waiting.unattended': 'Nobody comes',
  'audit.meeting.noShow': 'Nobody came; the room was given up',
  'audit.meeting.takeBack': 'Checked in late and took the room back',
  'audit.series.keep': 'Said that it goes on although nobody came',
} as const;
