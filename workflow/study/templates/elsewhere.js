/* The page on paper and in a frame. */
(function () {
  "use strict";
  var opened = [];

  /* On paper every closed part is open. The style sheet does it too, in browsers with ::details-content. */
  window.addEventListener("beforeprint", function () {
    opened = [].slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (part) { part.open = false; });
    opened = [];
  });

  /* A link into a folded part opens it, and then there is room to scroll to it. */
  function unfold(part) {
    var fold = part && part.querySelector(":scope > details:not([open])");
    if (!fold) return;
    fold.open = true;
    part.scrollIntoView();
  }
  function unfoldLinked() {
    var id = location.hash.slice(1).split("?")[0];
    if (id) unfold(document.getElementById(id));
  }
  window.addEventListener("hashchange", unfoldLinked);
  unfoldLinked();

  /* In an iframe with srcdoc a link to a part of the page would load the page around it into the frame. */
  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[href^='#']");
    if (!link || location.protocol !== "about:") return;
    event.preventDefault();
    var part = document.getElementById(link.getAttribute("href").slice(1));
    unfold(part);
    part.scrollIntoView();
  });
}());
