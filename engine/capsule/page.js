
'use strict';
/* Texts are set as text, never as markup; links are made of names that the program has made. */
(() => {
    const STEP = 300;
    const data = JSON.parse(document.getElementById('data').textContent);
    const all = data.vouchers;
    const byId = id => document.getElementById(id);
    const make = (tag, text, name) => {
        const node = document.createElement(tag);
        if (text !== undefined) node.textContent = text;
        if (name) node.className = name;
        return node;
    };
    const fold = text => text.normalize('NFKC').toLowerCase()
        .replace(/[\u3041-\u3096]/g, c => String.fromCharCode(c.charCodeAt(0) + 96)).replace(/[\s・.,\-]/g, '');
    const grouped = text => text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
    const kinds = { receipt: '領収書', invoice: '請求書', delivery_note: '納品書', quotation: '見積書', order: '注文書', contract: '契約書', statement: '明細書', other: 'その他' };
    const kindName = kind => Object.hasOwn(kinds, kind) ? kinds[kind] : kind;
    const inJapan = text => text && new Date(Date.parse(text) + 9 * 3600000).toISOString().slice(0, 19).replace('T', ' ');
    let found = [], shown = 0, order = { key: 'n', down: false }, selected = null;

    for (const one of all) one.folded = fold(one.p + ' ' + one.r);
    byId('about').textContent = data.about;
    for (const kind of [...new Set(all.map(one => one.k))].filter(Boolean).sort())
        byId('kind').append(new Option(kindName(kind), kind));

    /* A date or its beginning (2026, 2026-04), with any separator; '' when empty, null when wrong. */
    function readDate(id) {
        const field = byId(id);
        const text = field.value.normalize('NFKC').trim().replace(/[\/.]/g, '-').replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
        const parts = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(text);
        field.classList.toggle('wrong', text !== '' && !parts);
        return parts ? parts.slice(1).filter(Boolean).map(p => p.padStart(2, '0')).join('-') : text && null;
    }
    function readAmount(id) {
        const field = byId(id);
        const text = field.value.normalize('NFKC').replace(/[\s,円¥]/g, '');
        const wrong = text !== '' && !/^-?\d+(\.\d+)?$/.test(text);
        field.classList.toggle('wrong', wrong);
        return wrong ? null : text;
    }
    function search() {
        const from = readDate('date-from'), to = readDate('date-to');
        const least = readAmount('amount-from'), most = readAmount('amount-to');
        const party = fold(byId('party').value), kind = byId('kind').value, state = byId('state').value;
        const wrong = [from, to, least, most].includes(null);
        found = wrong ? [] : all.filter(one =>
            (!from || (one.d && one.d >= from)) &&
            (!to || (one.d && one.d.slice(0, to.length) <= to)) &&
            (!least || (one.a !== '' && Number(one.a) >= Number(least))) &&
            (!most || (one.a !== '' && Number(one.a) <= Number(most))) &&
            (!party || one.folded.includes(party)) && (!kind || one.k === kind) &&
            (!state || (state === 'live' && !one.x) || (state === 'deleted' && one.x) || (state === 'unstamped' && !one.s)));
        const numeric = order.key === 'a' || order.key === 'n';
        found.sort((a, b) => {
            const x = a[order.key], y = b[order.key];
            if (x === '' || y === '') return x === y ? 0 : x === '' ? 1 : -1;
            const by = numeric ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0;
            return order.down ? -by : by;
        });
        shown = 0;
        byId('rows').replaceChildren();
        byId('count').textContent = wrong ? '条件を確かめてください' : `${all.length} 件中 ${found.length} 件`;
        showMore();
    }
    function showMore() {
        const piece = document.createDocumentFragment();
        for (const one of found.slice(shown, shown + STEP)) {
            const row = make('tr', undefined, one.x ? 'deleted' : '');
            row.tabIndex = 0;
            row.setAttribute('aria-selected', String(one === selected));
            row.append(make('td', one.n), make('td', one.d || '—'), make('td', one.a === '' ? '—' : grouped(one.a), 'number'),
                make('td', one.c), make('td', one.p || '—'), make('td', kindName(one.k)), make('td', inJapan(one.s) || 'なし'), make('td', one.x ? '削除' : ''));
            row.addEventListener('click', () => open(one, row));
            row.addEventListener('keydown', event => { if (event.key === 'Enter') open(one, row); });
            piece.append(row);
        }
        shown = Math.min(shown + STEP, found.length);
        byId('rows').append(piece);
        byId('more').hidden = shown >= found.length;
    }
    function link(path, text) {
        const node = make('a', text);
        node.href = path.split('/').map(encodeURIComponent).join('/');
        node.target = '_blank';
        node.rel = 'noopener noreferrer';
        return node;
    }
    function preview(path) {
        const picture = /\.(png|jpe?g|gif|webp)$/i.test(path);
        if (!picture && !/\.(pdf|txt)$/i.test(path)) return null;
        const node = make(picture ? 'img' : 'iframe');
        node.src = path.split('/').map(encodeURIComponent).join('/');
        if (picture) node.alt = '';
        return node;
    }
    function open(one, row) {
        const detail = byId('detail');
        const values = make('dl');
        selected = one;
        for (const other of byId('rows').children) other.setAttribute('aria-selected', String(other === row));
        detail.replaceChildren(make('h2', `${one.n}　${one.p || '取引先なし'}`), values);
        for (const [name, value] of [['取引年月日', one.d], ['金額', one.a === '' ? '' : `${grouped(one.a)} ${one.c}`], ['登録番号', one.r],
            ['種別', kindName(one.k)], ['受領日', one.g], ['状態', one.w ? '廃棄（保存期間満了）' : one.x ? '削除（内容は残る）' : ''], ['タイムスタンプ', inJapan(one.s) || 'なし'], ['id', one.i]])
            if (value) values.append(make('dt', name), make('dd', value));
        detail.append(make('h3', '原本と読み取り'));
        for (const version of one.f) {
            const files = make('div', `第 ${version.v} 版　`, 'files');
            if (version.o) files.append(link(version.o, '原本'));
            if (version.r) files.append(link(version.r, '検索できる PDF'));
            if (version.t) files.append(link(version.t, '読み取った文字'));
            if (version.e) files.append(link(version.e, 'エビデンスレコード'));
            detail.append(files);
        }
        detail.append(make('h3', '訂正・削除の履歴'));
        const history = make('table', undefined, 'history');
        const head = make('tr');
        for (const name of ['日時', '操作者', '操作', '項目', '変更前', '変更後', '理由']) head.append(make('th', name));
        history.append(head);
        for (const entry of one.h) {
            const line = make('tr');
            entry.forEach((cell, i) => line.append(make('td', i === 0 ? inJapan(cell) : cell)));
            history.append(line);
        }
        detail.append(history);
        const last = one.f[one.f.length - 1];
        const view = last && last.o && (preview(last.o) || (last.r && preview(last.r)));
        if (view) detail.append(view);
        detail.hidden = false;
        detail.scrollTop = 0;
    }
    for (const head of document.querySelectorAll('th[data-key]'))
        head.addEventListener('click', () => {
            order = { key: head.dataset.key, down: order.key === head.dataset.key && !order.down };
            for (const other of document.querySelectorAll('th[data-key]')) other.removeAttribute('aria-sort');
            head.setAttribute('aria-sort', order.down ? 'descending' : 'ascending');
            search();
        });
    byId('more').addEventListener('click', showMore);
    byId('terms').addEventListener('input', search);
    byId('terms').addEventListener('submit', event => event.preventDefault());
    byId('terms').addEventListener('reset', () => setTimeout(search));
    search();
    /* #0001 opens that voucher. */
    const named = all.find(one => '#' + one.n === location.hash);
    if (named) open(named, [...byId('rows').children].find(row => row.firstChild.textContent === named.n));
})();
