/** What the frame of a page reads of its data; see views/layout.ejs. */
interface PageData {
  path?: string;
  section?: string;
  errors?: Record<string, string | undefined>;
  ownSummary?: boolean;
  viewer?: {
    role: string;
    zone: string;
    theme?: string;
    density?: string;
    has_shortcuts?: boolean;
  } | null;
  office?: { zone: string };
  wide?: boolean;
  door?: boolean;
  screen?: boolean;
  scripts?: string[];
  lang?: string;
}

/** Which entry of the bar an address belongs to, by its first word. */
const SECTIONS = new Map([
  ['', 'today'],
  ['calendar', 'calendar'],
  ['find-a-time', 'calendar'],
  ['polls', 'calendar'],
  ['rooms', 'calendar'],
  ['meetings', 'meetings'],
  ['series', 'meetings'],
  ['minutes', 'meetings'],
  ['actions', 'actions'],
  ['people', 'people'],
  ['units', 'people'],
  ['admin', 'admin'],
  ['outbox', 'admin'],
  ['audit', 'admin'],
]);

const PLACES = [
  { name: 'today', href: '/', key: 'g t' },
  { name: 'calendar', href: '/calendar', key: 'g c' },
  { name: 'meetings', href: '/meetings', key: 'g m' },
  { name: 'actions', href: '/actions', key: 'g a' },
];
const OFFICE_PLACE = { name: 'admin', href: '/admin', key: '' };

/** Every page loads these files of views/assets/js; a page may name more. */
const SCRIPTS = ['keyboard', 'menus', 'submit-once', 'time-field', 'unsaved', 'autosave', 'picker'];

const SHORTCUTS = [
  ['?', 'help'],
  ['/', 'search'],
  ['g t', 'today'],
  ['g c', 'calendar'],
  ['g m', 'meetings'],
  ['g a', 'actions'],
  ['n', 'new'],
  ['f', 'find'],
  ['[', 'previous'],
  [']', 'next'],
  ['Ctrl Enter', 'submit'],
].map(([keys = '', name]) => ({ keys: keys.split(' '), name }));

/** Names what the frame shows, so that views/layout.ejs asks one word at a time. */
export function layoutOf(page: PageData): Record<string, unknown> {
  const { viewer } = page;
  const path = page.path ?? '/';
  const hasErrors = Object.values(page.errors ?? {}).some(Boolean);
  return {
    path,
    places: placesOf(page, path),
    hasPlaces: Boolean(viewer && !page.door),
    hasErrors,
    hasSummary: hasErrors && !page.ownSummary,
    isElsewhere: Boolean(viewer && !page.screen && viewer.zone !== page.office?.zone),
    hasShortcuts: viewer?.has_shortcuts !== false,
    shortcuts: SHORTCUTS,
    scripts: [...SCRIPTS, ...(page.scripts ?? [])],
    other: page.lang === 'en' ? { lang: 'zh-CN', name: '中文' } : { lang: 'en', name: 'English' },
    theme: viewer?.theme === 'system' ? undefined : viewer?.theme,
    isCompact: viewer?.density === 'compact',
    look: bodyLook(page),
  };
}

function placesOf({ viewer, door, section }: PageData, path: string) {
  if (!viewer || door) return [];
  const isOffice = viewer.role === 'administrator' || viewer.role === 'secretary';
  const here = section ?? SECTIONS.get(path.split(/[/?#]/)[1] ?? '');
  return [...PLACES, ...(isOffice ? [OFFICE_PLACE] : [])].map((place) => {
    const inside = place.name === here ? 'true' : undefined;
    return { ...place, current: inside && place.href === path ? 'page' : inside };
  });
}

function bodyLook({ wide, door, screen }: PageData): string {
  const looks: string[] = [];
  if (wide) looks.push('is-wide');
  if (door) looks.push('is-door');
  if (screen) looks.push('is-screen');
  return looks.join(' ');
}
