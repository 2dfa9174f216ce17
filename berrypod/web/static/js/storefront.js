/* Comfort for the shop's pages. Each of them works without this file: it shows sooner what the server would say later. */

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Buttons for less and more beside a number field. */
function stepper(box) {
  const input = box.querySelector("input");
  const button = (sign, words, by) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "stepper__button";
    made.textContent = sign;
    made.setAttribute("aria-label", words);
    made.addEventListener("click", () => {
      const value = Math.trunc(Number(input.value)) || 0;
      input.value = Math.min(Number(input.max), Math.max(Number(input.min), value + by));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
    return made;
  };
  const less = button("−", "One less", -1);
  const more = button("+", "One more", 1);
  const limit = () => {
    less.disabled = Number(input.value) <= Number(input.min);
    more.disabled = Number(input.value) >= Number(input.max);
  };
  box.classList.add("stepper--live");
  box.prepend(less);
  box.append(more);
  box.addEventListener("change", limit);
  box.addEventListener("limits", limit);
  limit();
}

/** The small pictures move the strip without moving the page, and the one that is seen is marked. */
function gallery(root) {
  const stage = root.querySelector("[data-stage]");
  const slides = all("li", stage);
  const thumbs = all("a.gallery__thumb", root);
  const show = (index) =>
    stage.scrollTo({ left: slides[index].offsetLeft - stage.offsetLeft, behavior: calm.matches ? "auto" : "smooth" });
  const mark = (index) =>
    thumbs.forEach((thumb, each) =>
      each === index ? thumb.setAttribute("aria-current", "true") : thumb.removeAttribute("aria-current"),
    );
  thumbs.forEach((thumb, index) =>
    thumb.addEventListener("click", (event) => {
      event.preventDefault();
      show(index);
    }),
  );
  const watch = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => mark(slides.indexOf(entry.target))),
    { root: stage, threshold: 0.6 },
  );
  slides.forEach((slide) => watch.observe(slide));
  mark(0);
  return show;
}

/** Price, stock and picture follow what is chosen; what cannot be had with it is struck through. */
function buying(form, show) {
  const offers = JSON.parse(form.dataset.offers);
  // The server put the picture of what was chosen already at the front of the strip.
  const [first, pictures] = [Number(form.dataset.first), Number(form.dataset.pictures)];
  const groups = all("fieldset", form);
  const price = document.querySelector("[data-price]");
  const stock = form.querySelector("[data-stock]");
  const add = form.querySelector("[data-add]");
  const quantity = form.querySelector("[name=quantity]");
  const chosen = () => groups.map((group) => group.querySelector("input:checked")?.value);
  const fits = (offer, values) =>
    values.every((value, index) => value === undefined || value === offer.options[index] || value === offer.sku);

  const strike = (values) =>
    groups.forEach((group, index) =>
      all("label", group).forEach((label) => {
        const tried = values.map((value, each) => (each === index ? label.control.value : value));
        label.classList.toggle("option--out", !offers.some((offer) => offer.most > 0 && fits(offer, tried)));
      }),
    );
  const tell = (offer) => {
    price.textContent = offer.price;
    stock.textContent = offer.stock;
    stock.className = `stock stock--${offer.kind}`;
    if (!add) return;
    add.disabled = offer.most === 0;
    quantity.max = Math.max(1, offer.most);
    quantity.value = Math.min(Number(quantity.value) || 1, Number(quantity.max));
    quantity.dispatchEvent(new Event("limits", { bubbles: true }));
  };
  const update = () => {
    const values = chosen();
    strike(values);
    const offer = offers.find((each) => fits(each, values));
    if (offer && !values.includes(undefined)) tell(offer);
    return offer;
  };
  form.addEventListener("change", (event) => {
    const offer = update();
    if (event.target.type === "radio" && offer && show) {
      show((offer.picture - first + pictures) % pictures);
    }
  });
  if (groups.length) update();
}

/** A quantity that was changed is sent by itself, after a moment in which it may change again. */
function basket(form) {
  let waiting;
  form.querySelector("[data-update]")?.setAttribute("hidden", "");
  form.addEventListener("change", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => form.requestSubmit(), 500);
  });
}

/** The button of a form that must not be sent twice. The server makes sure of it in any case. */
function once(form) {
  const button = form.querySelector("[data-busy]");
  const words = button.innerHTML;
  form.addEventListener("submit", () => {
    button.disabled = true;
    button.textContent = button.dataset.busy;
  });
  // Back from the next page, out of the browser's memory: the form can be used again.
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      button.disabled = false;
      button.innerHTML = words;
    }
  });
}

all("[data-stepper]").forEach(stepper);
const shows = all("[data-gallery]").map(gallery);
all("[data-buy]").forEach((form) => buying(form, shows[0]));
all("[data-basket]").forEach(basket);
all("[data-once]").forEach(once);
document.getElementById("errors")?.focus();
