// What a check asks of a page. Each gives a list of what is wrong, empty if all is well.
({
    unfold() {
        for (const one of this.all('details:not([open])')) {
            one.open = true;
            (self.unfolded ??= []).push(one);
        }
    },

    restore() {
        for (const one of self.unfolded ?? []) one.open = false;
        self.unfolded = [];
        document.adoptedStyleSheets = [];
        document.activeElement.blur();
        document.querySelector('[autofocus]')?.focus();
        scrollTo(0, 0);
    },

    overflowing() {
        const root = document.documentElement;
        if (root.scrollWidth <= root.clientWidth) return [];
        const out = this.all('body *').filter(
            one => one.getBoundingClientRect().right > root.clientWidth + 1);
        return [`${root.scrollWidth} > ${root.clientWidth}`, ...out.slice(0, 3).map(this.html)];
    },

    late() {
        return ['h1', '.answer__date', '.answer__advice'].flatMap(selector => {
            const end = document.querySelector(selector)?.getBoundingClientRect().bottom;
            return end + scrollY > innerHeight ? [`${selector} ends at ${end}`] : [];
        });
    },

    clipped() {
        return this.all('body *').filter(one => {
            const style = getComputedStyle(one);
            const meant = style.clipPath !== 'none' || one.matches('input, svg, svg *');
            const clips = /hidden|clip/.test(style.overflowX + style.overflowY)
                || one.matches('button');
            return clips && !meant && one.checkVisibility()
                && (one.scrollWidth > one.clientWidth + 1
                    || one.scrollHeight > one.clientHeight + 1);
        }).map(this.html);
    },

    small_targets() {
        return this.targets().filter(one => {
            const box = one.getBoundingClientRect();
            const words = one.parentElement.textContent.replace(one.textContent, '').trim();
            const inSentence = getComputedStyle(one).display === 'inline' && words;
            const least = one.matches('form input, form button') ? [24, 44] : [24, 24];
            return !inSentence && (box.width < least[0] || box.height < least[1]);
        }).map(this.html);
    },

    focused() {
        const one = document.activeElement;
        if (!one || one === document.body) return null;
        const style = getComputedStyle(one), box = one.getClientRects()[0];
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        const ring = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
        return {
            place: this.all('*').indexOf(one),
            html: this.html(one),
            outline: `${style.outlineStyle} ${style.outlineWidth}`,
            seen: box.top >= ring && box.bottom <= innerHeight - ring
                && box.left >= 0 && box.right <= innerWidth,
            free: hit !== null && one.contains(hit),
        };
    },

    // Boxes that are told from what is behind them by a border, a colour or a picture.
    drawn() {
        const shown = new Set();
        for (const one of this.all('body *')) {
            const box = one.getBoundingClientRect();
            const unseen = !one.checkVisibility() || box.bottom <= 0 || box.right <= 0;
            if (unseen || one.closest('svg')) continue;
            for (const part of [null, '::before', '::after']) {
                const style = getComputedStyle(one, part);
                if (part && style.content === 'none') continue;
                const edged = ['Top', 'Right', 'Bottom', 'Left'].some(
                    side => parseFloat(style[`border${side}Width`]) > 0
                        && !this.clear(style[`border${side}Color`])
                        && style[`border${side}Color`] !== this.behind(one));
                const filled = !this.clear(style.backgroundColor)
                    && style.backgroundColor !== this.behind(part ? one : one.parentElement);
                if (edged || filled || style.backgroundImage !== 'none') {
                    shown.add(`${this.html(one)} ${part ?? ''}`);
                }
            }
        }
        return [...shown];
    },

    behind(one) {
        while (one && this.clear(getComputedStyle(one).backgroundColor)) one = one.parentElement;
        return one ? getComputedStyle(one).backgroundColor : this.canvas();
    },

    canvas() {
        const probe = document.body.appendChild(document.createElement('i'));
        probe.style.backgroundColor = 'Canvas';
        const colour = getComputedStyle(probe).backgroundColor;
        probe.remove();
        return colour;
    },

    clear(colour) { return /^rgba\(.*, 0\)$/.test(colour); },

    // Words whose ink is too pale for white paper: browsers print no backgrounds.
    pale() {
        const light = colour => {
            const [red, green, blue] = colour.match(/[\d.]+/g).map(Number).map(part => {
                const share = part / 255;
                return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        };
        return this.all('body *').filter(one => {
            const says = [...one.childNodes].some(
                node => node.nodeType === Node.TEXT_NODE && node.data.trim());
            return says && one.checkVisibility() && !one.closest('svg')
                && 1.05 / (light(getComputedStyle(one).color) + 0.05) < 4.5;
        }).map(this.html);
    },

    // What is of use only where it can be clicked.
    clickable() {
        return this.all('form, button, input, .skip').filter(
            one => one.checkVisibility()).map(this.html);
    },

    unscripted_buttons() {
        return this.all('button').filter(
            one => one.checkVisibility() && !(one.form && one.type === 'submit')
        ).map(this.html);
    },

    words() {
        const lines = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const one = walker.currentNode.parentElement;
            const scripts = one.closest('button:not(form button), [role=status], script');
            const text = walker.currentNode.data.trim();
            if (text && !scripts && one.checkVisibility()) lines.push(text);
        }
        return lines;
    },

    async kept() {
        const names = {
            'document.cookie': document.cookie ? [document.cookie] : [],
            localStorage: Object.keys(localStorage),
            sessionStorage: Object.keys(sessionStorage),
            indexedDB: (await indexedDB.databases()).map(one => one.name),
            caches: await caches.keys(),
            serviceWorker: (await navigator.serviceWorker.getRegistrations()).map(
                one => one.scope),
        };
        return Object.entries(names).flatMap(
            ([where, all]) => all.map(name => `${where} keeps ${name}`));
    },

    // What the page is, loads, links to and sends its forms to.
    addresses() {
        const named = this.all('[href], [src], [action], [formaction], [poster], [data]').flatMap(
            one => ['href', 'src', 'action', 'formaction', 'poster', 'data'].filter(
                name => one.hasAttribute(name)).map(name => one.getAttribute(name)));
        const loaded = performance.getEntriesByType('resource').map(one => one.name);
        return [document.URL, ...loaded, ...named.map(one => new URL(one, document.URL).href)];
    },

    blocking() {
        return performance.getEntriesByType('resource').filter(
            one => one.renderBlockingStatus === 'blocking').map(one => one.name);
    },

    folded() {
        return this.all('details [data-event-code]').filter(
            one => !one.checkVisibility() || !one.getBoundingClientRect().height
        ).map(this.html);
    },

    all(selector) { return [...document.querySelectorAll(selector)]; },

    // Their places in the document, as in `focused`.
    stops() {
        const all = this.all('*');
        return this.targets().filter(one => !one.disabled).map(
            one => ({place: all.indexOf(one), html: this.html(one)}));
    },

    html(one) { return one.outerHTML.slice(0, 120); },

    targets() {
        return this.all('a[href], button, input:not([type=hidden]), select, textarea, summary,'
            + '[tabindex="0"]').filter(one => one.checkVisibility());
    },
})
