// Files in a window: uploaded as soon as they are chosen, as Slack's client does.

import { $$ } from "./dom.js";

const uploads = new WeakMap();

const SELECTOR = "[data-element=file_input]";
export const isFileInput = (element) => element.matches(SELECTOR);

async function contentOf(file) {
  const url = await new Promise((done, failed) => {
    const reader = Object.assign(new FileReader(), { onload: () => done(reader.result), onerror: () => failed(reader.error) });
    reader.readAsDataURL(file);
  });
  return url.slice(url.indexOf(",") + 1);
}

// Uploads what was chosen, by `send(name, content)`, which gives the id; a file that was refused has none.
export function chosen(element, send) {
  const work = Promise.all([...element.files].map(async (file) => send(file.name, await contentOf(file))));
  const upload = { work, ids: [] };
  uploads.set(element, upload);
  work.then((ids) => { upload.ids = ids.filter(Boolean); }).catch(() => {});
}

export const idsIn = (element) => uploads.get(element)?.ids ?? [];

// Waits for the uploads of a window that have not ended.
export const settled = (form) => Promise.allSettled($$(SELECTOR, form).map((element) => uploads.get(element)?.work));
