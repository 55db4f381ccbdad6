// <input data-picker="/people/search" list="…"> suggests persons while one types, by the browser's own list. What stands
// in the list from the beginning (those at the meeting) stays in it, first.
(() => {
  const first = new WeakMap();
  document.addEventListener('input', (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.dataset.picker || event.isComposing || !field.list)
      return;
    clearTimeout(field.pickerWait);
    if (!first.has(field)) first.set(field, [...field.list.options]);
    const kept = first.get(field);
    const q = field.value.trim();
    if (!q || [...field.list.options].some((option) => option.value === field.value)) return;
    field.pickerWait = setTimeout(async () => {
      try {
        const answer = await fetch(`${field.dataset.picker}?q=${encodeURIComponent(q)}`, {
          headers: { Accept: 'application/json' },
        });
        if (!answer.ok || field.value.trim() !== q) return;
        const { persons } = await answer.json();
        const found = persons.filter(({ text }) => !kept.some((option) => option.value === text));
        field.list.replaceChildren(
          ...kept,
          ...found.map((person) =>
            Object.assign(document.createElement('option'), { value: person.text, label: person.note }),
          ),
        );
      } catch {
        /* typing the name or the address works without suggestions */
      }
    }, 150);
  });
})();
