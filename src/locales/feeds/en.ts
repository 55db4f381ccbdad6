export const feeds = {
  'feeds.title': 'Calendar feeds',
  'feeds.intro':
    'A secret address that your calendar program reads by itself, again and again. It shows what you may see; whoever has the address sees it too.',
  'feeds.none': 'You have no feed yet.',
  'feeds.mine': 'My meetings',
  'feeds.of': '{name}: meetings',
  'feeds.busyOnly': 'Times only, without titles',
  'feeds.what': 'What it shows',
  'feeds.add': 'Make an address',
  'feeds.address': 'Address of {what}',
  'feeds.hint': 'Copy the address into “Subscribe to a calendar” or “Add calendar from URL” of your program.',
  'feeds.since': 'since {day}',
  'feeds.revoke': 'Revoke',
  'feeds.added': 'The address is ready. Copy it into your calendar program.',
  'feeds.revoked': 'The address no longer works.',
  'audit.feed.add': 'Made a calendar feed',
  'audit.feed.revoke': 'Revoked a calendar feed',
} as const;
