import type { Context } from '../lib/http/route.js';
import { prepare } from '../lib/i18n/prepare.js';
import type { UseFigures } from './report.js';

function makeFigures({ t, fmt }: Pick<Context<unknown, unknown>, 't' | 'fmt'>) {
  const percents = new Intl.NumberFormat(fmt.lang === 'en' ? 'en-GB' : 'zh-CN', {
    style: 'percent',
    maximumFractionDigits: 1,
  });
  const hours = (seconds: number) => Math.round(seconds / 360) / 10;
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  const unknown = t('use.unknown');
  const inWords = (key: 'use.hours' | 'use.minutes' | 'use.outside') => {
    const fill = prepare(t, key, ['count']);
    return (value: number) => fill(fmt.number(value));
  };
  const [ofHours, minutes, outside, whole] = [
    inWords('use.hours'),
    inWords('use.minutes'),
    inWords('use.outside'),
    prepare(t, 'use.of', ['part', 'whole']),
  ];
  const differences = new Map(
    (['more', 'less'] as const).flatMap((way) =>
      (['count', 'hours', 'points'] as const).map(
        (unit) => [`${way} ${unit}`, prepare(t, `use.${way}.${unit}`, ['difference'])] as const,
      ),
    ),
  );
  return {
    hours,
    share,
    describeHours: (seconds: number) => ofHours(hours(seconds)),
    describeOutside: (seconds: number) => (hours(seconds) > 0 ? outside(hours(seconds)) : undefined),
    describePart: ({ inside, bookable }: Pick<UseFigures, 'inside' | 'bookable'>) =>
      whole(fmt.number(hours(inside)), fmt.number(hours(bookable))),
    describeShare: (value: number | null | undefined) =>
      value === null || value === undefined ? unknown : percents.format(value),
    describeLength: (seconds: number | null) =>
      seconds === null ? unknown : minutes(Math.round(seconds / 60)),
    /** By word and sign. */
    describeDifference(now: number, before: number, unit: 'count' | 'hours' | 'points') {
      const difference = Math.round((now - before) * 10) / 10;
      if (difference === 0) return t('use.same');
      return (
        differences.get(`${difference > 0 ? 'more' : 'less'} ${unit}`)?.(
          `${difference > 0 ? '+' : '−'}${fmt.number(Math.abs(difference))}`,
        ) ?? ''
      );
    },
  };
}

const made = new Map<string, ReturnType<typeof makeFigures>>();

/**
 * How figures are written, one way for the page and its tables; long tables of them, so the texts are made
 * ready once a language.
 */
export function figures(
  c: Pick<Context<unknown, unknown>, 't' | 'fmt' | 'lang'>,
): ReturnType<typeof makeFigures> {
  const known = made.get(c.lang) ?? makeFigures(c);
  made.set(c.lang, known);
  return known;
}
