// Sends what a form of this page says to the server that served it, and shows the reply as it arrives.
"use strict";

const base = location.pathname.replace(/\/docs\/?$/, "");
const key = document.getElementById("key");

function request(form) {
  const fields = [...form.elements].filter((one) => one.name);
  const filled = fields.filter((one) => (one.type === "file" ? one.files.length : one.value));
  const at = (place) => filled.filter((one) => one.dataset.in === place);
  const path = fields
    .filter((one) => one.dataset.in === "path")
    .reduce((text, one) => text.replace(`{${one.name}}`, encodeURIComponent(one.value)), form.dataset.path);
  const query = new URLSearchParams(at("query").map((one) => [one.name, one.value])).toString();
  const headers = key.value ? { authorization: `Bearer ${key.value}` } : {};
  const init = { method: form.dataset.method, headers };
  if (form.dataset.body === "json") {
    headers["content-type"] = "application/json";
    init.body = form.elements.body.value;
  } else if (form.dataset.body === "form") {
    init.body = new FormData();
    for (const one of at("form")) init.body.append(one.name, one.type === "file" ? one.files[0] : one.value);
  }
  return [base + path + (query && `?${query}`), init];
}

async function show(reply, form) {
  const output = form.querySelector("output");
  const kind = reply.headers.get("content-type") ?? "";
  const head = [...reply.headers].map(([name, value]) => `${name}: ${value}\n`).join("");
  const text = document.createElement("pre");
  text.textContent = `${reply.status} ${reply.statusText}\n${head}\n`;
  output.replaceChildren(text);
  if (kind.startsWith("audio/")) {
    const player = document.createElement("audio");
    player.controls = true;
    player.src = URL.createObjectURL(await reply.blob());
    output.append(player);
  } else if (kind.startsWith("application/json")) {
    text.append(JSON.stringify(await reply.json(), null, 2));
  } else if (reply.body) {
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) text.append(part.value);
  }
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await show(await fetch(...request(form)), form);
  } catch (error) {
    form.querySelector("output").append(` ${error}`);
  } finally {
    button.disabled = false;
  }
});
