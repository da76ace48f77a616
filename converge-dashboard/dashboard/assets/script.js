// Live updates, times in the reader's zone, and the filter of the grid. Every page works without it.
"use strict";
(() => {
  // The server's clock counts: the reader's may differ.
  const served = Date.parse(document.documentElement.dataset.now || "");
  const difference = Number.isNaN(served) ? 0 : served - Date.now();
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];

  const age = (time) => {
    let amount = Math.min(0, (time - (Date.now() + difference)) / 1000);
    for (const [unit, size] of steps) {
      if (Math.abs(amount) < size) return relative.format(Math.trunc(amount), unit);
      amount /= size;
    }
    return "";
  };

  const showTimes = (within) => {
    for (const element of within.querySelectorAll("time[datetime]")) {
      const time = Date.parse(element.dateTime);
      if (Number.isNaN(time)) continue;
      element.textContent = age(time);
      element.title = exact.format(time);
    }
  };
  showTimes(document);
  setInterval(() => { if (!document.hidden) showTimes(document); }, 15000);

  // A stream that the browser has given up is opened again: it does so after any answer but 200.
  const listen = (address, handlers) => {
    let source, wait = 1000, timer;
    const open = () => {
      source = new EventSource(address());
      source.onopen = () => { wait = 1000; };
      source.onerror = () => {
        if (source.readyState !== EventSource.CLOSED) return;
        timer = setTimeout(open, wait * (0.5 + Math.random()));
        wait = Math.min(wait * 2, 30000);
      };
      for (const [name, handle] of Object.entries(handlers)) {
        source.addEventListener(name, (event) => handle(event, close));
      }
    };
    const close = () => { clearTimeout(timer); source.close(); };
    open();
    // A page in the back/forward cache holds no connection.
    addEventListener("pagehide", close);
    addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  };

  // Another generation: the parts of the page that are marked as live are read again.
  const live = document.querySelector("[data-generation]");
  const status = document.getElementById("announce");
  let generation = live ? live.dataset.generation : "";
  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const now of document.querySelectorAll("[data-live]")) {
      const next = page.getElementById(now.id);
      if (!next || next.innerHTML === now.dataset.seen) continue;
      const text = next.innerHTML, state = next.dataset.state;
      if (state && state !== now.dataset.state && status) status.textContent = state;
      const focus = now.contains(document.activeElement) ? document.activeElement.id : "";
      now.replaceWith(document.adoptNode(next));
      next.dataset.seen = text;
      if (focus) document.getElementById(focus)?.focus();
      showTimes(next);
    }
    filter();
  };
  if (live) {
    let asked = false;
    listen(() => "/events?seen=" + encodeURIComponent(generation), {
      generation: (event) => {
        generation = event.data;
        // Several changes at once are one read.
        if (asked) return;
        asked = true;
        setTimeout(() => { asked = false; refresh().catch(() => {}); }, 200);
      },
    });
  }

  // The log of a run, as it is written.
  const log = document.getElementById("log");
  if (log && log.dataset.follow) {
    const most = 2000;
    let position = log.dataset.position;
    const isAtEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 40;
    listen(() => `/runs/${encodeURIComponent(log.dataset.run)}/events?from=${position}`, {
      lines: (event) => {
        const follows = isAtEnd();
        position = event.lastEventId;
        log.append(event.data);
        while (log.childNodes.length > most) log.firstChild.remove();
        if (follows) scrollTo(0, document.documentElement.scrollHeight);
      },
      end: (event, close) => { close(); refresh().catch(() => {}); },
    });
  }

  // The filter of the grid.
  const search = document.getElementById("search");
  function filter() {
    if (!search) return;
    const text = search.value.trim().toLowerCase();
    for (const row of document.querySelectorAll("[data-recipe]")) {
      row.hidden = text !== "" && !row.dataset.recipe.toLowerCase().includes(text);
    }
  }
  if (search) {
    search.addEventListener("input", filter);
    filter();
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
})();
