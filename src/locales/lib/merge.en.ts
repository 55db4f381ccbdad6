/** Two people changed the same form. */
export const merge = {
  'merge.title': 'Two people changed {what}',
  'merge.text_one':
    '{name} saved a change while you were writing. You both changed one thing: choose what shall stand. Everything else is kept, yours and theirs.',
  'merge.text_other':
    '{name} saved changes while you were writing. You both changed {count} things: choose what shall stand. Everything else is kept, yours and theirs.',
  'merge.somebody': 'Somebody else',
  'merge.mine': 'Mine: {text}',
  'merge.theirs': '{name}: {text}',
  'merge.drop': 'Leave it as it is now, without my changes',
  'merge.kept': 'Also changed meanwhile, and kept',
  'merge.saved': 'Saved. What somebody else changed meanwhile is kept.',
} as const;
