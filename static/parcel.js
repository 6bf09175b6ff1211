/*
 * What the page does more where scripts run: it offers news, copies numbers, passes on its address.
 * Nobody needs it, and all words are the page's own.
 *
 * Asking for news goes through the page's memory and costs one call to PRO, if that. A tab that is
 * looked at asks when there may be another answer, every 5 minutes for an hour, every 15 after
 * that, and no more after 4 hours: 24 calls at most, though it stay open all day. A hidden one
 * never asks, nor one whose parcel is at its end; who looks at it again begins anew.
 */
'use strict';
{
  const SECOND = 1000; // ms
  const MINUTE = 60 * SECOND;
  const HOUR = 60 * MINUTE;
  const main = document.querySelector('main');
  const notice = document.querySelector('.live-notice');
  const made = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

  let etag;
  let timer;
  let due; // when to ask
  let seen = Date.now(); // when somebody came to look
  let failures = 0;
  let hurried = false;
  let over = false;

  const pace = () => (Date.now() - seen < HOUR ? 5 : 15) * MINUTE;

  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, due - Date.now());
  };

  const askIn = (time) => {
    due = Date.now() + time;
    wait();
  };

  // Not fetch: this reads a page without making markup of text, which our policy forbids. The
  // browser itself adds the ETag of the page that is shown, and we that of the last answer.
  const ask = () => {
    if (over || document.hidden || !navigator.onLine || Date.now() - seen > 4 * HOUR) return;
    askIn(MINUTE); // if nothing comes of this
    const request = new XMLHttpRequest();
    request.open('GET', location.href);
    request.responseType = 'document';
    request.overrideMimeType('text/html'); // a 304 names no type, and would be bad XML
    request.timeout = MINUTE / 2;
    if (etag) request.setRequestHeader('If-None-Match', etag);
    request.onloadend = () => hear(request);
    request.send();
  };

  const hear = (request) => {
    const told = request.response?.querySelector('main[data-version]');
    if (!told && request.status !== 304) {
      failures += 1;
      const after = request.getResponseHeader('Retry-After') * SECOND || 0;
      return askIn(Math.max(after, Math.min(pace() * 2 ** failures, HOUR)));
    }
    failures = 0;
    if (!told) return askIn(pace());
    over = told.dataset.version !== main.dataset.version;
    if (over) return notice.append(made('news'));
    etag = request.getResponseHeader('ETag');
    for (const name of ['.answer__checked', '.answer__delayed']) {
      const checked = told.querySelector(name);
      if (checked) main.querySelector(name)?.replaceWith(checked);
    }
    const renew = told.dataset.renew * SECOND || HOUR;
    hurried = renew < MINUTE && !hurried; // PRO is being asked right now: hear what it says, once
    askIn(hurried ? renew : Math.max(renew, pace()));
  };

  const copies = (button, text) => {
    const label = button.firstElementChild;
    const name = label.textContent;
    const said = document.createElement('span');
    said.className = 'hidden';
    said.textContent = button.dataset.done;
    let timer;
    button.onclick = async () => {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        return button.remove();
      }
      label.textContent = button.dataset.done;
      notice.append(said);
      clearTimeout(timer);
      timer = setTimeout(() => {
        label.textContent = name;
        said.remove();
      }, 3 * SECOND);
    };
  };

  // A frame has to be allowed to; a browser that does not know the question asks when it copies.
  const mayCopy = async () => {
    try {
      const { state } = await navigator.permissions.query({ name: 'clipboard-write' });
      return state !== 'denied' && navigator.clipboard;
    } catch {
      return navigator.clipboard;
    }
  };

  const offerButtons = async () => {
    const passOn = made('pass-on');
    const page = { title: document.title, url: new URL(passOn.dataset.address, location).href };
    const shares = navigator.canShare?.(page);
    const copying = await mayCopy();
    if (shares) passOn.onclick = () => navigator.share(page).catch(() => {}); // or not, after all
    else copies(passOn, page.url);
    if (shares || copying) document.getElementById('pass-on').after(passOn);
    for (const number of copying ? document.querySelectorAll('[data-copy]') : []) {
      const button = made('copy-number');
      button.lastElementChild.textContent = ` ${number.textContent}`;
      copies(button, number.textContent);
      number.after(' ', button);
    }
  };

  offerButtons();
  if (main.dataset.renew && self.origin !== 'null') {
    askIn(main.dataset.renew * SECOND);
    addEventListener('online', wait);
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return;
      seen = Date.now();
      wait();
    });
  }
}
