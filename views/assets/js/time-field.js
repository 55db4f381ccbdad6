// Times as people type them: "9", "930", "9：30", "9点半", "2 pm" become 09:00, 09:30, 14:00 on leaving the field.
// The server reads the same forms by itself; this only shows how it was understood.
(() => {
  const read = (typed) => {
    const text = typed.normalize('NFKC').trim().toLowerCase();
    const half = /^(\d{1,2})\s*[点时]半$/.exec(text);
    const found = half
      ? [0, half[1], '30']
      : /^(\d{1,2})(?:\s*[:.h点时]\s*(\d{1,2})?\s*分?)?\s*(am|pm)?$/.exec(text) ||
        /^(\d{1,2})(\d{2})\s*(am|pm)?$/.exec(text);
    if (!found) return undefined;
    let hours = Number(found[1]);
    const minutes = Number(found[2] || 0);
    if (found[3] === 'pm' && hours < 12) hours += 12;
    if (found[3] === 'am' && hours === 12) hours = 0;
    if (hours > 23 || minutes > 59) return undefined;
    return `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
  };
  document.addEventListener('change', (event) => {
    if (!event.target.matches?.('input[data-time]')) return;
    const time = read(event.target.value);
    if (time) event.target.value = time;
  });
})();
