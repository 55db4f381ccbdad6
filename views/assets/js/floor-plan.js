// Places a room on a floor plan by clicking; without a script there are two number fields for each room, which this fills.
(() => {
  const plan = document.querySelector('[data-plan]');
  const choices = [...document.querySelectorAll('[data-place]')];
  if (!plan || choices.length === 0) return;
  document.querySelectorAll('[data-only-script]').forEach((part) => part.removeAttribute('hidden'));
  document.querySelectorAll('[data-no-script]').forEach((part) => part.setAttribute('hidden', ''));
  plan.classList.add('is-placing');
  // The radios post nothing, so they have no name; one is on at a time all the same.
  choices.forEach((choice) =>
    choice.addEventListener('change', () =>
      choices.forEach((other) => {
        if (other !== choice) other.checked = false;
      }),
    ),
  );

  const field = (side, room) => document.querySelector(`[data-${side}="${room}"]`);
  const show = (room) => {
    const mark = plan.querySelector(`[data-mark="${room}"]`);
    const [x, y] = ['x', 'y'].map((side) => Number(field(side, room).value.replace(',', '.')));
    const isPlaced =
      field('x', room).value.trim() !== '' &&
      field('y', room).value.trim() !== '' &&
      x >= 0 &&
      x <= 100 &&
      y >= 0 &&
      y <= 100;
    const { width, height } = plan.viewBox.baseVal;
    mark.setAttribute('visibility', isPlaced ? 'visible' : 'hidden');
    if (isPlaced) mark.setAttribute('transform', `translate(${(x * width) / 100} ${(y * height) / 100})`);
  };

  plan.addEventListener('click', (event) => {
    const chosen = choices.find((choice) => choice.checked);
    if (!chosen) return;
    const box = plan.getBoundingClientRect();
    const percent = (at, from, size) =>
      String(Math.round(Math.min(Math.max((at - from) / size, 0), 1) * 1000) / 10);
    const room = chosen.dataset.place;
    field('x', room).value = percent(event.clientX, box.left, box.width);
    field('y', room).value = percent(event.clientY, box.top, box.height);
    field('x', room).dispatchEvent(new Event('input', { bubbles: true }));
    show(room);
  });
  choices.forEach(({ dataset: { place } }) =>
    ['x', 'y'].forEach((side) => field(side, place).addEventListener('input', () => show(place))),
  );
})();
