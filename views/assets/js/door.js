// The display beside a door: fetches itself anew every half minute. Without an answer the last state stays, with its time.
(() => {
  const place = () => document.querySelector('.door');
  if (!place()) return;
  const PAUSE = 30_000;
  const refresh = async () => {
    try {
      const answer = await fetch('/door', {
        headers: { Accept: 'text/html' },
        cache: 'no-store',
        signal: AbortSignal.timeout(15_000),
      });
      const text = await answer.text();
      const fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('.door');
      if (!fresh) throw new Error('not the display');
      place().replaceWith(fresh);
      document.title = new DOMParser().parseFromString(text, 'text/html').title;
    } catch {
      const line = place().querySelector('[data-updated]');
      line.textContent = place().dataset.stale;
      line.classList.add('door-stale');
    }
  };
  setInterval(refresh, PAUSE);
  addEventListener('online', refresh);
})();
