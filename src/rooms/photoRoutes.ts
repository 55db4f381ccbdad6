import { IMAGE_TYPES } from '../lib/files/kinds.js';
import { sendImage } from '../lib/files/send.js';
import { problemsOf } from '../lib/http/form.js';
import { secretary, signedIn } from '../lib/http/policy.js';
import { idOf, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addPhoto, describePhoto, movePhoto, removePhoto, type PhotoResult } from './photoCommands.js';
import { PhotoForm, PhotoMoveForm, PhotoRemovalForm, PhotoTextForm } from './photoForms.js';
import { findPhotoFile, findRoom } from './queries.js';
import { roomFormPage, valuesOf } from './roomForm.js';

export const photoRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/:id/photos/:photo',
    policy: signedIn,
    handle: async (c) => sendImage(c, await findPhotoFile(c.db, idOf(c), idOf(c, 'photo'))),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/photos',
    policy: secretary,
    upload: {
      field: 'photo',
      maxFiles: 1,
      wrongKind: 'rooms.problem.photo',
      authorise: (c) => findRoom(c.db, idOf(c)),
    },
    form: PhotoForm,
    async handle(c) {
      const file = c.files[0];
      if (!file || !IMAGE_TYPES.includes(file.media_type)) {
        return editAgain(
          c,
          problemsOf([{ field: 'photo', message: c.t('rooms.problem.photo') }], c.req.body).errors,
        );
      }
      const room = { roomId: idOf(c), version: c.form.version };
      return answer(c, await addPhoto(c.db, c.by, room, { fileId: file.id, alt: c.form.photo_alt }));
    },
    onInvalid: (c, problems) => editAgain(c, problems.errors),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/photos/:photo',
    policy: secretary,
    form: PhotoTextForm,
    handle: async (c) => answer(c, await describePhoto(c.db, c.by, photoOf(c), c.form.alt)),
    onInvalid: (c, problems) =>
      editAgain(c, {
        [`alt.${idOf(c, 'photo')}`]: problems.errors.alt ?? Object.values(problems.errors)[0] ?? '',
      }),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/photos/:photo/place',
    policy: secretary,
    form: PhotoMoveForm,
    handle: async (c) => answer(c, await movePhoto(c.db, c.by, photoOf(c), c.form.to)),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/photos/:photo/removal',
    policy: secretary,
    form: PhotoRemovalForm,
    handle: async (c) => answer(c, await removePhoto(c.db, c.by, photoOf(c))),
  }),
];

function photoOf(c: Context<{ version: number }, unknown>) {
  return { roomId: idOf(c), photoId: idOf(c, 'photo'), version: c.form.version };
}

function answer(c: Context<unknown, unknown>, done: PhotoResult): Promise<Answer> | Answer {
  if (done.ok) return redirect(`/rooms/${idOf(c)}/edit#photos`, { notice: 'rooms.notice.saved' });
  if (done.reason === 'stale') return editAgain(c, { photo: c.t('rooms.problem.changed') }, 409);
  return editAgain(c, { photo: c.t(done.problem) });
}

async function editAgain(
  c: Context<unknown, unknown>,
  errors: Record<string, string>,
  status = 422,
): Promise<Answer> {
  const room = await findRoom(c.db, idOf(c));
  const typed = (c.req.body as Record<string, unknown> | undefined) ?? {};
  return roomFormPage(c, {
    room,
    values: { ...valuesOf(room, c.fmt), photo_alt: typed.photo_alt ?? '' },
    problems: { errors },
    status,
  });
}
