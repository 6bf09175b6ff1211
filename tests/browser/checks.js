// What a check asks of a page. Each gives a list of what is wrong, empty if all is well.
({
    unfold() {
        for (const one of document.querySelectorAll('details')) one.open = true;
    },

    overflowing() {
        const root = document.documentElement;
        if (root.scrollWidth <= root.clientWidth) return [];
        const out = this.all('body *').filter(
            one => one.getBoundingClientRect().right > root.clientWidth + 1);
        return [`${root.scrollWidth} > ${root.clientWidth}`, ...out.slice(0, 3).map(this.html)];
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

    folded() {
        return this.all('details [data-event-code]').filter(
            one => !one.checkVisibility() || !one.getBoundingClientRect().height
        ).map(this.html);
    },

    all(selector) { return [...document.querySelectorAll(selector)]; },

    html(one) { return one.outerHTML.slice(0, 120); },

    targets() {
        return this.all('a[href], button, input:not([type=hidden]), select, textarea, summary,'
            + '[tabindex="0"]').filter(one => one.checkVisibility());
    },
})
