"use strict";
(() => {
  const main = document.querySelector("main");
  const connection = document.getElementById("connection");
  const retryAfter = 5000;
  let events = null;
  let retry = 0;

  // Changes only what differs, so that a selection and the place of a reader stay.
  const update = (old, fresh) => {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType === Node.TEXT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const children = [...old.childNodes];
    const wanted = [...fresh.childNodes];
    wanted.forEach((node, index) => {
      if (index < children.length) update(children[index], node);
      else old.append(node);
    });
    for (const node of children.slice(wanted.length)) node.remove();
  };

  const show = (html) => {
    const fresh = document.createElement("main");
    fresh.innerHTML = html;
    update(main, fresh);
    const heading = main.querySelector("h1 .title");
    document.title = `${heading.textContent} · gc-token`;
    connection.textContent = "";
    document.body.classList.remove("stale");
  };

  const lose = () => {
    if (connection.textContent !== "") return;
    const time = new Date().toLocaleTimeString();
    connection.textContent = `Not connected since ${time}: the state below is from then. Trying again.`;
    document.body.classList.add("stale");
  };

  const disconnect = () => {
    clearTimeout(retry);
    if (events) events.close();
    events = null;
  };

  const connect = () => {
    disconnect();
    events = new EventSource("events");
    events.onmessage = (event) => show(event.data);
    events.onerror = () => {
      lose();
      disconnect();
      retry = setTimeout(connect, retryAfter);
    };
  };

  // Nobody looks at a page in the background.
  const followVisibility = () => {
    if (document.hidden) disconnect();
    else connect();
  };
  document.addEventListener("visibilitychange", followVisibility);
  addEventListener("pageshow", followVisibility);
  addEventListener("pagehide", disconnect);
})();
