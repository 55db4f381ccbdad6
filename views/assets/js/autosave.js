// <form data-autosave …> is posted in the background a moment after the last key, and when the page is left.
//   action and method   as without a script; the answer to `Accept: application/json` is
//                       200 { version?, saved?, unread? } (saved: the time to show; unread: what of it was not understood
//                       yet and is not saved, in words), 409, 401/403, or 422 { errors }
//   data-saved          "Saved {time}"          data-saving   "Saving…"
//   data-clash          shown on 409            data-lapsed   shown on 401 and 403
//   data-failed         shown when the server can't be reached; it is tried again by itself
//   [data-autosave-status] inside the form, or the element named by data-status="#id", shows it
// The hidden field `version` is kept up to date, so that pressing the button afterwards is no clash with oneself.
// What was typed never leaves the field; while unsaved it also lies in sessionStorage and comes back after a reload.
(() => {
  const PAUSE = 1200;
  const RETRY = 8000;

  const begin = (form) => {
    const status = form.dataset.status
      ? document.querySelector(form.dataset.status)
      : form.querySelector('[data-autosave-status]');
    const place = `unsaved ${location.pathname} ${form.getAttribute('action')}`;
    let timer = 0;
    let running = false;
    let dirty = false;
    let stopped = false;

    const say = (text, isBad) => {
      if (!status || !text) return;
      status.textContent = text;
      status.classList.toggle('bad', Boolean(isBad));
    };
    const texts = () =>
      Object.fromEntries(
        [...form.elements]
          .filter((field) => field.matches('textarea, input[type="text"]') && field.name)
          .map((field) => [field.name, field.value]),
      );
    const keep = () => {
      try {
        sessionStorage.setItem(place, JSON.stringify(texts()));
      } catch {
        /* full or forbidden: the field still holds it */
      }
    };
    const drop = () => {
      try {
        sessionStorage.removeItem(place);
      } catch {
        /* nothing kept */
      }
    };
    const wait = (time) => {
      clearTimeout(timer);
      timer = setTimeout(save, time);
    };
    const body = () => {
      const data = new URLSearchParams();
      for (const [name, value] of new FormData(form)) if (typeof value === 'string') data.append(name, value);
      return data;
    };

    async function save() {
      if (!dirty || stopped) return;
      if (running) {
        wait(PAUSE);
        return;
      }
      running = true;
      dirty = false;
      say(form.dataset.saving);
      try {
        const answer = await fetch(form.action, {
          method: 'POST',
          body: body(),
          headers: { Accept: 'application/json' },
          redirect: 'manual',
          keepalive: true,
        });
        const isJson = /json/.test(answer.headers.get('content-type') || '');
        if (answer.ok && isJson) {
          const told = await answer.json();
          if (told.version !== undefined && form.elements.version) form.elements.version.value = told.version;
          if (!dirty && !told.unread) {
            drop();
            form.dispatchEvent(new CustomEvent('autosave', { bubbles: true }));
          }
          const now =
            told.saved ||
            new Date().toLocaleTimeString(document.documentElement.lang, {
              hour: '2-digit',
              minute: '2-digit',
              hourCycle: 'h23',
            });
          const done = (form.dataset.saved || '').replace('{time}', now);
          say(told.unread ? `${done} · ${told.unread}` : done, told.unread);
        } else if (answer.status === 409) {
          stopped = true;
          say(form.dataset.clash, true);
        } else if (
          answer.ok ||
          answer.status === 401 ||
          answer.status === 403 ||
          answer.type === 'opaqueredirect'
        ) {
          stopped = true;
          say(form.dataset.lapsed, true);
        } else if (answer.status === 422) {
          const told = await answer.json().catch(() => ({}));
          say(Object.values(told.errors || {})[0] || form.dataset.failed, true);
        } else {
          throw new Error(String(answer.status));
        }
      } catch {
        dirty = true;
        say(form.dataset.failed, true);
        wait(RETRY);
      } finally {
        running = false;
        if (dirty && !stopped) wait(PAUSE);
      }
    }

    form.addEventListener('input', () => {
      dirty = true;
      keep();
      wait(PAUSE);
    });
    form.addEventListener('change', () => {
      dirty = true;
      keep();
      wait(300);
    });
    form.addEventListener('submit', () => {
      stopped = true;
      clearTimeout(timer);
      drop();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') void save();
    });

    try {
      const kept = JSON.parse(sessionStorage.getItem(place) || 'null');
      if (kept) {
        for (const [name, value] of Object.entries(kept)) {
          const field = form.elements[name];
          if (field && 'value' in field && field.value !== value) {
            field.value = value;
            dirty = true;
          }
        }
        if (dirty) wait(PAUSE);
        else drop();
      }
    } catch {
      /* unreadable: the server's text stands */
    }
  };

  document.querySelectorAll('form[data-autosave]').forEach(begin);
})();
