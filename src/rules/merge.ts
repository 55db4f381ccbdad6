import { page, type Answer, type Context } from '../lib/http/route.js';
import type { Cells } from '../lib/http/merge.js';
import { personText, resolvePersons } from '../people/queries.js';
import type { LayerOf, RulesClash } from './commands.js';
import { findLayer, listApprovers } from './queries.js';
import {
  cellsOfLayer,
  isChoice,
  layerContent,
  type ChoiceRule,
  type LayerContent,
  type NumberRule,
} from './layers.js';

// One layer of rules as its form holds it, and the page for two who changed the same rule.

/** Persons as the form writes them, by id. */
type Names = ReadonlyMap<number, string>;

/** A layer as it stands, and how the persons in it are called. */
export async function storedOf(
  c: Context<unknown, unknown>,
  of: LayerOf,
): Promise<{ version: number; content: LayerContent; names: Names }> {
  const [layer, approvers] = await Promise.all([
    findLayer(c.db, of.roomId, of.groupId),
    of.roomId !== null && of.groupId === null ? listApprovers(c.db, of.roomId) : [],
  ]);
  const names = approvers.flatMap((one) =>
    one.person_id === null
      ? []
      : [
          [
            one.person_id,
            personText(
              { id: one.person_id, email: one.email },
              c.fmt.name({ name: one.name, name_en: one.name_en }),
            ),
          ] as const,
        ],
  );
  return { version: layer?.version ?? 0, content: layerContent(layer, approvers), names: new Map(names) };
}

/** The fields of the form, named as they are posted. */
export function valuesOf({ values, approvers }: LayerContent, names: Names): Record<string, unknown> {
  const filled = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? '']));
  return {
    ...filled,
    approvers: approvers.personIds.map((id) => names.get(id) ?? `#${id}`).join('\n'),
    approver_groups: [...approvers.groupIds],
  };
}

/** What tells a form that is sent back from what it began. */
export function editOfLayer(version: number, content: LayerContent): { version: number; was: string } {
  return { version, was: JSON.stringify(cellsOfLayer(content)) };
}

/** The form filled with what would be saved. */
export async function typedAgain(
  c: Context<unknown, unknown>,
  { content, stored, version }: RulesClash,
  named: Names,
): Promise<Record<string, unknown>> {
  return {
    ...valuesOf(content, await namesOf(c, [content, stored], named)),
    ...editOfLayer(version, stored),
  };
}

export async function rulesMergePage(
  c: Context<unknown, unknown>,
  clash: RulesClash,
  { here, heading, names: known }: { here: string; heading: string; names: Names },
): Promise<Answer> {
  const names = await namesOf(c, [clash.content, clash.stored], known);
  const [mine, theirs] = [cellsOfLayer(clash.content), cellsOfLayer(clash.stored)];
  return page(
    'lib/merge',
    {
      title: c.t('merge.title', { what: heading }),
      crumb: { href: here, text: c.t('rules.page.link') },
      action: here,
      by: c.t('merge.somebody'),
      hidden: await typedAgain(c, clash, names),
      clashes: clash.clashes.map((name) => ({
        name,
        label: labelOf(c, name, names),
        mine: describeCell(c, name, mine),
        theirs: describeCell(c, name, theirs),
      })),
      theirs: clash.theirs.map((name) => ({
        label: labelOf(c, name, names),
        text: describeCell(c, name, theirs),
      })),
    },
    { status: 409 },
  );
}

/** Also of those whom only the others have named. */
async function namesOf(c: Context<unknown, unknown>, contents: LayerContent[], known: Names): Promise<Names> {
  const ids = contents.flatMap(({ approvers }) => [...approvers.personIds]).filter((id) => !known.has(id));
  const found = await resolvePersons(
    c.db,
    ids.map((id) => `#${id}`),
  );
  return new Map([
    ...known,
    ...found.flatMap((one) =>
      one.ok ? [[one.person.id, personText(one.person, c.fmt.name(one.person))] as const] : [],
    ),
  ]);
}

function labelOf(c: Context<unknown, unknown>, cell: string, names: Names): string {
  const [kind, id] = cell.split('-');
  if (kind === 'approver') return `${c.t('rules.page.approvers')}: ${names.get(Number(id)) ?? id}`;
  if (kind === 'group') return c.t('rules.page.approverGroups');
  return c.t(`rules.field.${cell as NumberRule | ChoiceRule}`);
}

function describeCell(c: Context<unknown, unknown>, cell: string, cells: Cells): string {
  const value = cells[cell] ?? '';
  if (cell.includes('-')) return c.t(value ? 'rooms.form.yes' : 'rooms.form.no');
  if (!value) return c.t('lib.history.nothing');
  const name = cell as NumberRule | ChoiceRule;
  return isChoice(name) ? c.t(`rules.value.${name}.${value}` as Parameters<typeof c.t>[0]) : value;
}
