// Shortcuts press what is on the page: an element with data-key="g t" is clicked by g, t. Off inside fields, while
// an input method composes, with Ctrl, Alt or Meta held, and for whoever switched them off (data-keys="off").
(() => {
  const body = document.body;
  const help = document.getElementById('keys');
  const isField = (node) => node.isContentEditable || /^(input|textarea|select)$/i.test(node.tagName);
  const composes = (event) => event.isComposing || event.keyCode === 229;

  document.addEventListener('keydown', (event) => {
    if (composes(event) || event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.('form');
    if (!form || form.method === 'dialog') return;
    event.preventDefault();
    form.requestSubmit();
  });

  if (body.dataset.keys === 'off') return;
  if (help) help.hidden = false;

  let first = '';
  let forget = 0;
  document.addEventListener('keydown', (event) => {
    if (composes(event) || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (event.key.length !== 1 || isField(event.target)) return;
    const pressed = first ? `${first} ${event.key}` : event.key;
    first = '';
    clearTimeout(forget);
    if (pressed === 'g') {
      first = 'g';
      forget = setTimeout(() => {
        first = '';
      }, 1500);
      return;
    }
    if (pressed === '?' && help) {
      help.open = !help.open;
      if (help.open) {
        help.scrollIntoView({ block: 'nearest' });
        help.querySelector('summary').focus();
      }
    } else if (pressed === '/') {
      const search = document.querySelector('main input[type="search"]');
      if (!search) return;
      search.focus();
      search.select();
    } else {
      const target = document.querySelector(`[data-key="${CSS.escape(pressed)}"]`);
      if (!target) return;
      target.click();
    }
    event.preventDefault();
  });

  // The summary of what is wrong is where the person goes on.
  document.querySelector('[data-focus]')?.focus();
})();
