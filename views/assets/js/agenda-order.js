// The order of the agenda by dragging: <ol data-order="/meetings/7/agenda/order"> of <li data-item="3">. An item is
// dragged by its number; letting go posts the whole new order. The buttons ↑ and ↓ beside it do the same without a script.
(() => {
  for (const list of document.querySelectorAll('ol[data-order]')) {
    const items = () => [...list.querySelectorAll(':scope > [data-item]')];
    const orderOf = () =>
      items()
        .map((item) => item.dataset.item)
        .join();
    const before = orderOf();

    const post = () => {
      if (orderOf() === before) return;
      const form = document.createElement('form');
      form.method = 'post';
      form.action = list.dataset.order;
      const field = document.createElement('input');
      field.type = 'hidden';
      field.name = 'order';
      field.value = orderOf();
      form.append(field);
      document.body.append(form);
      form.requestSubmit();
    };

    // Pointer events serve mouse, pen and finger alike. They are heard on the document: an item that is moved within the
    // list loses what it had captured.
    const drag = (item) => {
      const move = (event) => {
        const next = items().find((other) => {
          if (other === item) return false;
          const box = other.getBoundingClientRect();
          return event.clientY < box.top + box.height / 2;
        });
        if ((next ?? null) !== item.nextElementSibling) list.insertBefore(item, next ?? null);
      };
      const end = (event) => {
        document.removeEventListener('pointermove', move);
        document.removeEventListener('pointerup', end);
        document.removeEventListener('pointercancel', end);
        item.classList.remove('is-dragged');
        if (event.type === 'pointerup') post();
      };
      item.classList.add('is-dragged');
      document.addEventListener('pointermove', move);
      document.addEventListener('pointerup', end);
      document.addEventListener('pointercancel', end);
    };

    for (const item of items()) {
      const handle = item.querySelector('.agenda-no');
      if (!handle) continue;
      handle.classList.add('agenda-drag');
      handle.addEventListener('pointerdown', (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        if (handle.hasPointerCapture(event.pointerId)) handle.releasePointerCapture(event.pointerId);
        drag(item);
      });
    }
  }
})();
