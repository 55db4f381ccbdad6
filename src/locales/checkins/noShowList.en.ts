/** The list of who didn't come. */
export const noShowList = {
  'noShow.list.title': 'No-shows',
  'noShow.list.from': 'From',
  'noShow.list.to': 'To',
  'noShow.list.none':
    'No booking had to be checked in to in these days. Check-in is asked for by the rules of a room.',
  'noShow.list.rules': 'To the rooms',
  'noShow.list.total':
    'Nobody came to {count} of {total} bookings that had to be checked in to. Who took the room back later counts as there.',
  'noShow.list.byOrganiser': 'By organiser',
  'noShow.list.byRoom': 'By room',
  'noShow.list.organiser': 'Organiser',
  'noShow.list.room': 'Room',
  'noShow.list.share': 'Share',
  'noShow.list.of': '{count} of {total}',
  'noShow.list.private': 'Private meetings',
  'noShow.list.each': 'One by one',
  'noShow.list.released': 'given up at {time}',
  'noShow.list.kept': 'over before it was noticed',
  'noShow.list.many': 'The latest {count}; choose fewer days for the others.',
} as const;
