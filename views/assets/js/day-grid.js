// The day grid: shows which hour a press on a free stretch would take, and takes it; draws the line of now and moves it.
// Without this script a press books from the beginning of the stretch, and the form lets one change that.
(() => {
  const table = document.querySelector('table.day');
  if (!table) return;
  const box = table.parentElement;
  const minutesOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
  const timeOf = (minutes) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

  const pickAt = (link, x) => {
    const address = new URL(link.href);
    const first = minutesOf(address.searchParams.get('from'));
    const last = minutesOf(link.dataset.until);
    const area = link.getBoundingClientRect();
    const quarters = link.parentElement.colSpan;
    const quarter = Math.min(
      quarters - 1,
      Math.max(0, Math.floor(((x - area.left) / area.width) * quarters)),
    );
    const from = Math.min(first + quarter * 15, last - 15);
    const to = Math.min(from + 60, last);
    return { address, from, to, left: (from - first) / 15 / quarters, width: (to - from) / 15 / quarters };
  };

  table.classList.add('is-scripted');
  const pick = document.createElement('span');
  pick.className = 'day-pick';
  pick.setAttribute('aria-hidden', 'true');
  const freeLink = (event) => event.target.closest?.('td > a[data-until]');
  table.addEventListener('pointermove', (event) => {
    const link = freeLink(event);
    if (!link || event.pointerType === 'touch') {
      pick.remove();
      return;
    }
    const { from, left, width } = pickAt(link, event.clientX);
    pick.style.left = `${left * 100}%`;
    pick.style.width = `${width * 100}%`;
    pick.textContent = timeOf(from);
    if (pick.parentElement !== link) link.append(pick);
  });
  table.addEventListener('pointerleave', () => pick.remove());
  table.addEventListener(
    'click',
    (event) => {
      const link = freeLink(event);
      // By keyboard (no position) the stretch is taken from its beginning.
      if (!link || event.detail === 0) return;
      const { address, from, to } = pickAt(link, event.clientX);
      address.searchParams.set('from', timeOf(from));
      address.searchParams.set('to', timeOf(to));
      link.href = address.href;
    },
    true,
  );

  if (table.dataset.now === undefined) return;
  const line = document.createElement('div');
  line.className = 'day-now';
  line.setAttribute('aria-hidden', 'true');
  const start = Date.parse(table.dataset.from);
  const end = Date.parse(table.dataset.to);
  const draw = () => {
    const now = Date.now();
    line.hidden = now < start || now >= end;
    const first = table.rows[0].cells[0].offsetWidth;
    line.style.left = `${first + ((table.offsetWidth - first) * (now - start)) / (end - start)}px`;
  };
  box.append(line);
  draw();
  addEventListener('resize', draw);
  setInterval(draw, 30_000);
  // On a narrow screen the present comes into view.
  if (!line.hidden && box.scrollWidth > box.clientWidth)
    box.scrollLeft = Math.max(0, line.offsetLeft - box.clientWidth / 2);
})();
