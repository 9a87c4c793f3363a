// A field above many relations leaves those whose name, or action of NTU RGB+D, has the words.
(() => {
  const field = document.getElementById("filter");
  if (!field) return; // a few relations need none
  const found = document.getElementById("found");
  const cards = [...document.querySelectorAll("#cards > li")];
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const card of cards) card.hidden = !words.every((word) => card.dataset.title.includes(word));
    const left = cards.filter((card) => !card.hidden).length;
    found.textContent = left < cards.length ? `${left} of ${cards.length}` : "";
  };
  field.closest(".filter").hidden = false;
  field.addEventListener("input", show);
  show(); // a browser may keep what was typed before
})();
