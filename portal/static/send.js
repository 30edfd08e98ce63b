// Says how much was chosen, before it is sent. The page does everything without this.
"use strict";
const form = document.getElementById("versturen");
const told = document.getElementById("gekozen");
const cap = Number(form.dataset.cap);
form.addEventListener("change", () => {
  let bytes = 0;
  for (const input of form.querySelectorAll("input[type=file]")) {
    for (const file of input.files) bytes += file.size;
  }
  // Rounded up: what is over the limit must never read as exactly the limit.
  const size = (Math.ceil((bytes * 10) / 1048576) / 10).toLocaleString(document.documentElement.lang);
  const over = bytes > cap * 1048576;
  told.textContent = bytes ? (over ? form.dataset.over : form.dataset.total).replace("#", size) : "";
  told.classList.toggle("over", over);
});
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => delete form.dataset.sent);
